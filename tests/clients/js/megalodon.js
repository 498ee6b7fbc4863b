// What a member does, by megalodon. Each exported function is one walk.
import assert from 'node:assert/strict'
import { createECDH, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import generator, { detector } from 'megalodon'

const app = (world, name) => generator('mastodon', world.url, world.people[name].token)
const apps = (world) => Object.keys(world.people).map((name) => app(world, name))
const ids = (things) => things.map((thing) => thing.id)
const data = async (answer) => (await answer).data
const inDays = (days) => new Date(Date.now() + days * 86_400_000).toISOString()

async function refusal (status, promise) {
  await assert.rejects(promise, (error) => error.response?.status === status)
}

export async function signsIn (world) {
  const { step, ask, url } = world
  await step('detect the kind of server', async () => assert.equal(await detector(url), 'mastodon'))
  const client = generator('mastodon', url)
  const registered = await step('register an app', async () => {
    const made = await client.registerApp('megalodon', { website: 'https://app.example' })
    assert.deepEqual([made.name, made.redirect_uri], ['megalodon', 'urn:ietf:wg:oauth:2.0:oob'])
    return made
  })
  const { client_id: id, client_secret: secret } = registered
  const token = await step('exchange the code of the consent page', async () => {
    const made = await client.fetchAccessToken(id, secret, await ask(registered.url))
    assert.equal(made.token_type, 'Bearer')
    return made.access_token
  })
  const mine = generator('mastodon', url, token)
  await step('who the app acts for', async () => {
    assert.equal((await data(mine.verifyAccountCredentials())).acct, 'anna')
    assert.equal((await data(mine.verifyAppCredentials())).name, 'megalodon')
  })
  await step('revoke the token', async () => {
    await client.revokeToken(id, secret, token)
    await refusal(401, mine.verifyAccountCredentials())
  })
}

export async function readsWhatTheServerIs (world) {
  const { step, domain } = world
  const client = app(world, 'bertha')
  await step('instance', async () => {
    const document = await data(client.getInstance())
    assert.deepEqual([document.uri, document.configuration.statuses.max_characters], [domain, 2000])
    assert.match(document.urls.streaming_api, /^ws:/)
    assert.ok(document.rules.length > 0)
  })
  await step('peers', async () => assert.ok(Array.isArray(await data(client.getInstancePeers()))))
  await step('activity', async () => assert.equal((await data(client.getInstanceActivity())).length, 12))
  await step('custom emojis', async () => {
    assert.deepEqual((await data(client.getInstanceCustomEmojis())).map((one) => one.shortcode), ['blobcat'])
  })
  await step('preferences', async () => {
    assert.equal((await data(client.getPreferences()))['posting:default:visibility'], 'public')
  })
  await step('directory', async () => {
    const found = await data(client.getInstanceDirectory({ local: true, order: 'new' }))
    assert.ok(ids(found).includes(world.people.helga.id))
  })
  await step('trends', async () => {
    assert.deepEqual((await data(client.getInstanceTrends(5))).map((one) => one.name.toLowerCase()), ['trend'])
  })
  await step('suggestions', async () => assert.ok(Array.isArray(await data(client.getSuggestions(5)))))
  await step('announcements', async () => {
    const [found] = await data(client.getInstanceAnnouncements())
    await client.addReactionToAnnouncement(found.id, '👍')
    assert.equal((await data(client.getInstanceAnnouncements()))[0].reactions[0].me, true)
    await client.removeReactionFromAnnouncement(found.id, '👍')
    await client.dismissInstanceAnnouncement(found.id)
  })
}

export async function posts (world) {
  const { step, people } = world
  const client = app(world, 'anna')
  await step('a mention, a hashtag and an emoji', async () => {
    const post = await data(client.postStatus('@bertha sieh, #Brot :blobcat:', { language: 'de' }))
    assert.deepEqual(ids(post.mentions), [people.bertha.id])
    assert.deepEqual(post.tags.map((tag) => tag.name.toLowerCase()), ['brot'])
    assert.deepEqual(post.emojis.map((emoji) => emoji.shortcode), ['blobcat'])
    assert.match(post.plain_content ?? post.content, /sieh/)
  })
  const media = await step('a picture with alt text', async () => {
    const made = await data(client.uploadMedia(createReadStream(world.picture), { description: '?', focus: '0.5,-0.5' }))
    assert.equal(made.type, 'image')
    const changed = await data(client.updateMedia(made.id, { description: 'Orange' }))
    assert.equal(changed.description, 'Orange')
    assert.equal((await data(client.getMedia(made.id))).id, made.id)
    return made
  })
  const post = await step('the picture behind a warning', async () => {
    const made = await data(client.postStatus('Seht her', {
      media_ids: [media.id], spoiler_text: 'Bild', sensitive: true, visibility: 'unlisted'
    }))
    assert.deepEqual([made.spoiler_text, made.sensitive, made.visibility], ['Bild', true, 'unlisted'])
    assert.deepEqual(ids(made.media_attachments), [media.id])
    return made
  })
  await step('edit', async () => {
    const edited = await data(client.editStatus(post.id, { status: 'Seht genau her', media_ids: [media.id] }))
    assert.match(edited.content, /genau/)
    assert.equal((await data(client.getStatusSource(post.id))).text, 'Seht genau her')
  })
  await step('delete', async () => {
    await client.deleteStatus(post.id)
    await refusal(404, client.getStatus(post.id))
  })
  await step('a thread', async () => {
    const first = await data(client.postStatus('Wer bringt Brot?'))
    const reply = await data(app(world, 'bertha').postStatus('@anna Ich', { in_reply_to_id: first.id }))
    assert.equal(reply.in_reply_to_account_id, people.anna.id)
    const context = await data(client.getStatusContext(first.id, { limit: 10 }))
    assert.deepEqual([ids(context.ancestors), ids(context.descendants)], [[], [reply.id]])
  })
  await step('a poll', async () => {
    const asked = await data(client.postStatus('Was?', { poll: { options: ['Brot', 'Kuchen'], expires_in: 3600 } }))
    const voter = app(world, 'bertha')
    const poll = await data(voter.votePoll(asked.poll.id, [1]))
    assert.deepEqual([poll.voted, poll.options.map((one) => one.votes_count)], [true, [0, 1]])
    assert.equal((await data(voter.getPoll(asked.poll.id))).votes_count, 1)
    await refusal(422, voter.votePoll(asked.poll.id, [0]))
  })
  await step('later', async () => {
    const made = await data(client.postStatus('Später', { scheduled_at: inDays(2) }))
    const at = inDays(3)
    assert.equal((await data(client.scheduleStatus(made.id, at))).scheduled_at, at)
    assert.deepEqual(ids(await data(client.getScheduledStatuses())), [made.id])
    assert.equal((await data(client.getScheduledStatus(made.id))).params.text, 'Später')
    await client.cancelScheduledStatus(made.id)
    assert.deepEqual(await data(client.getScheduledStatuses()), [])
  })
}

export async function marks (world) {
  const { step, people } = world
  const [anna, bertha] = apps(world)
  const post = await data(anna.postStatus('Das ist gut'))
  for (const [verb, flag] of [['favourite', 'favourited'], ['bookmark', 'bookmarked'], ['mute', 'muted']]) {
    await step(verb, async () => assert.equal((await data(bertha[`${verb}Status`](post.id)))[flag], true))
  }
  await step('boost', async () => assert.equal((await data(bertha.reblogStatus(post.id))).reblog.id, post.id))
  await step('what is kept', async () => {
    assert.equal((await data(bertha.getFavourites({ limit: 1 })))[0].id, post.id)
    assert.equal((await data(bertha.getBookmarks({ limit: 1 })))[0].id, post.id)
  })
  await step('who favourited and boosted', async () => {
    assert.deepEqual(ids(await data(anna.getStatusFavouritedBy(post.id))), [people.bertha.id])
    assert.deepEqual(ids(await data(anna.getStatusRebloggedBy(post.id))), [people.bertha.id])
  })
  await step('take back', async () => {
    for (const verb of ['Favourite', 'Bookmark', 'Mute', 'Reblog']) await bertha[`un${verb.toLowerCase()}Status`](post.id)
    const shown = await data(bertha.getStatus(post.id))
    assert.deepEqual([shown.favourited, shown.bookmarked, shown.muted, shown.reblogged], Array(4).fill(false))
  })
  await step('pin', async () => {
    assert.equal((await data(anna.pinStatus(post.id))).pinned, true)
    assert.deepEqual(ids(await data(bertha.getAccountStatuses(people.anna.id, { pinned: true }))), [post.id])
    assert.equal((await data(anna.unpinStatus(post.id))).pinned, false)
  })
}

export async function readsTimelines (world) {
  const { step, people } = world
  const [anna, bertha] = apps(world)
  await bertha.followAccount(people.anna.id, { reblog: true })
  const list = await step('a list', async () => {
    const made = await data(bertha.createList('Bäckerei'))
    await bertha.addAccountsToList(made.id, [people.anna.id])
    assert.deepEqual(ids(await data(bertha.getAccountsInList(made.id, { limit: 0 }))), [people.anna.id])
    assert.deepEqual(ids(await data(bertha.getAccountLists(people.anna.id))), [made.id])
    assert.equal((await data(bertha.updateList(made.id, 'Backstube'))).title, 'Backstube')
    assert.equal((await data(bertha.getList(made.id))).title, 'Backstube')
    return made
  })
  const posts = []
  for (let number = 0; number < 3; number++) posts.unshift(await data(anna.postStatus(`Seite ${number} #megalodon`)))
  const timelines = {
    home: (paging) => bertha.getHomeTimeline(paging),
    local: (paging) => bertha.getLocalTimeline(paging),
    public: (paging) => bertha.getPublicTimeline(paging),
    hashtag: (paging) => bertha.getTagTimeline('megalodon', paging),
    list: (paging) => bertha.getListTimeline(list.id, paging),
    profile: (paging) => bertha.getAccountStatuses(people.anna.id, paging)
  }
  for (const [name, timeline] of Object.entries(timelines)) {
    await step(`page through: ${name}`, async () => {
      assert.deepEqual(ids(await data(timeline({ limit: 2 }))), ids(posts.slice(0, 2)))
      assert.deepEqual(ids(await data(timeline({ limit: 1, max_id: posts[1].id }))), [posts[2].id])
      assert.deepEqual(ids(await data(timeline({ since_id: posts[1].id }))), [posts[0].id])
    })
  }
  await step('hashtags', async () => {
    assert.equal((await data(bertha.followTag('megalodon'))).following, true)
    assert.deepEqual((await data(bertha.getFollowedTags())).map((tag) => tag.name), ['megalodon'])
    assert.equal((await data(bertha.getTag('megalodon'))).following, true)
    assert.equal((await data(bertha.unfollowTag('megalodon'))).following, false)
    const featured = await data(bertha.createFeaturedTag('Brot'))
    assert.deepEqual(ids(await data(bertha.getFeaturedTags())), [featured.id])
    assert.ok(Array.isArray(await data(bertha.getSuggestedTags())))
    await bertha.deleteFeaturedTag(featured.id)
  })
  await step('what was read', async () => {
    await bertha.saveMarkers({ home: { last_read_id: posts[0].id } })
    assert.equal((await data(bertha.getMarkers(['home']))).home.last_read_id, posts[0].id)
  })
  await step('no list any more', async () => {
    await bertha.deleteAccountsFromList(list.id, [people.anna.id])
    await bertha.deleteList(list.id)
    assert.deepEqual(await data(bertha.getLists()), [])
  })
}

export async function relates (world) {
  const { step, people } = world
  const [anna, bertha, cem] = apps(world)
  const other = people.cem.id
  await step('ask a locked account', async () => {
    assert.equal((await data(bertha.followAccount(other))).requested, true)
    assert.deepEqual(ids(await data(cem.getFollowRequests(10))), [people.bertha.id])
    await cem.acceptFollowRequest(people.bertha.id)
    assert.equal((await data(bertha.getRelationship(other))).following, true)
    await anna.followAccount(other)
    await cem.rejectFollowRequest(people.anna.id)
    assert.equal((await data(anna.getRelationships([other])))[0].requested, false)
  })
  await step('followers and followed', async () => {
    assert.deepEqual(ids(await data(bertha.getAccountFollowers(other))), [people.bertha.id])
    assert.ok(ids(await data(bertha.getAccountFollowing(people.bertha.id))).includes(other))
  })
  await step('a bell', async () => {
    assert.equal((await data(bertha.subscribeAccount(other))).notifying, true)
    assert.equal((await data(bertha.unsubscribeAccount(other))).notifying, false)
  })
  await step('a note', async () => assert.equal((await data(bertha.setAccountNote(other, 'Laden'))).note, 'Laden'))
  await step('endorse', async () => {
    assert.equal((await data(bertha.pinAccount(other))).endorsed, true)
    assert.deepEqual(ids(await data(bertha.getEndorsements())), [other])
    assert.equal((await data(bertha.unpinAccount(other))).endorsed, false)
  })
  await step('mute', async () => {
    assert.equal((await data(bertha.muteAccount(other, true))).muting_notifications, true)
    assert.deepEqual(ids(await data(bertha.getMutes())), [other])
    assert.equal((await data(bertha.unmuteAccount(other))).muting, false)
  })
  await step('report', async () => {
    const report = await data(bertha.report(other, { comment: 'Werbung', category: 'spam', forward: false }))
    assert.equal(report.category, 'spam')
  })
  await step('block', async () => {
    assert.equal((await data(bertha.blockAccount(other))).blocking, true)
    assert.deepEqual(ids(await data(bertha.getBlocks())), [other])
    assert.equal((await data(bertha.unblockAccount(other))).blocking, false)
    assert.equal((await data(bertha.unfollowAccount(other))).following, false)
  })
  await step('block a server', async () => {
    await bertha.blockDomain('unwanted.example')
    assert.deepEqual(await data(bertha.getDomainBlocks()), ['unwanted.example'])
    await bertha.unblockDomain('unwanted.example')
    assert.deepEqual(await data(bertha.getDomainBlocks()), [])
  })
  await step('filters of the first kind', async () => {
    const made = await data(bertha.createFilter('Fussball', ['home'], { whole_word: true, irreversible: false }))
    assert.deepEqual(ids(await data(bertha.getFilters())), [made.id])
    const changed = await data(bertha.updateFilter(made.id, 'Schach', ['home', 'public']))
    assert.deepEqual([changed.phrase, changed.context], ['Schach', ['home', 'public']])
    assert.equal((await data(bertha.getFilter(made.id))).phrase, 'Schach')
    await bertha.deleteFilter(made.id)
    assert.deepEqual(await data(bertha.getFilters()), [])
  })
}

export async function readsNotifications (world) {
  const { step, people } = world
  const [anna, bertha] = apps(world)
  const post = await data(anna.postStatus('Lobt mich'))
  await bertha.favouriteStatus(post.id)
  await step('one by one', async () => {
    const [told] = await data(anna.getNotifications({ limit: 1 }))
    assert.deepEqual([told.type, told.account.id, told.status.id], ['favourite', people.bertha.id, post.id])
    assert.equal((await data(anna.getNotification(told.id))).id, told.id)
    const without = await data(anna.getNotifications({ exclude_types: ['favourite'] }))
    assert.ok(without.every((one) => one.type !== 'favourite'))
    await anna.dismissNotification(told.id)
    await refusal(404, anna.getNotification(told.id))
    await anna.dismissNotifications()
    assert.deepEqual(await data(anna.getNotifications()), [])
  })
  await step('push', async () => {
    const key = createECDH('prime256v1')
    key.generateKeys()
    const made = await data(anna.subscribePushNotification({
      endpoint: 'https://push.example/abc',
      keys: { p256dh: key.getPublicKey('base64url'), auth: randomBytes(16).toString('base64url') }
    }, { alerts: { mention: true } }))
    assert.deepEqual([made.endpoint, made.alerts.mention], ['https://push.example/abc', true])
    assert.equal((await data(anna.updatePushSubscription({ alerts: { poll: true } }))).alerts.poll, true)
    assert.equal((await data(anna.getPushSubscription())).endpoint, 'https://push.example/abc')
    await anna.deletePushSubscription()
    await refusal(404, anna.getPushSubscription())
  })
  await step('conversations', async () => {
    const direct = await data(bertha.postStatus('@anna nur für dich', { visibility: 'direct' }))
    const [talk] = await data(anna.getConversationTimeline())
    assert.deepEqual([talk.last_status.id, talk.unread], [direct.id, true])
    assert.equal((await data(anna.readConversation(talk.id))).unread, false)
    await anna.deleteConversation(talk.id)
    assert.deepEqual(await data(anna.getConversationTimeline()), [])
  })
}

export async function showsItself (world) {
  const { step, people, domain } = world
  const [anna, bertha] = apps(world)
  await step('profile', async () => {
    const me = await data(bertha.updateCredentials({
      display_name: 'Bertha Ärmel', note: 'Bäckerin', source: { privacy: 'unlisted', language: 'de' },
      fields_attributes: [{ name: 'Web', value: 'https://bertha.example' }], locked: false, bot: false
    }))
    assert.deepEqual([me.display_name, me.source.privacy], ['Bertha Ärmel', 'unlisted'])
    assert.deepEqual(me.fields.map((one) => one.name), ['Web'])
  })
  await step('search', async () => {
    const post = await data(anna.postStatus('Etwas über #Bienenwachs'))
    assert.deepEqual(ids((await data(bertha.search('helga', { type: 'accounts' }))).accounts), [people.helga.id])
    assert.equal((await data(bertha.search('bienenw', { type: 'hashtags' }))).hashtags[0].name.toLowerCase(), 'bienenwachs')
    assert.deepEqual(ids((await data(bertha.search(post.url, { resolve: true }))).statuses), [post.id])
  })
  await step('look up', async () => {
    assert.equal((await data(bertha.lookupAccount(`anna@${domain}`))).id, people.anna.id)
    assert.deepEqual(ids(await data(bertha.searchAccount('hel', { limit: 1 }))), [people.helga.id])
    assert.equal((await data(bertha.getAccount(people.anna.id))).acct, 'anna')
  })
}

export async function listens (world) {
  const { step, people } = world
  const [anna, , cem] = apps(world)
  await cem.followAccount(people.anna.id)
  const user = await heard(await cem.userStreaming())
  const local = await heard(await cem.localStreaming())
  const everywhere = await heard(await cem.publicStreaming())
  const tagged = await heard(await cem.tagStreaming('live'))
  const post = await data(anna.postStatus('Gleich da, @cem #live'))
  for (const [name, stream] of Object.entries({ user, local, everywhere, tagged })) {
    await step(`a post: ${name}`, async () => {
      assert.match((await stream.expect('update', (one) => one.id === post.id)).content, /Gleich da/)
    })
  }
  await step('a notification', async () => {
    assert.equal((await user.expect('notification', (one) => one.type === 'mention')).status.id, post.id)
  })
  await step('an edit', async () => {
    await anna.editStatus(post.id, { status: 'Wieder da, @cem #live' })
    assert.match((await user.expect('status_update')).content, /Wieder da/)
  })
  await step('a deletion', async () => {
    await anna.deleteStatus(post.id)
    await user.expect('delete', (one) => one === post.id)
  })
  for (const stream of [user, local, everywhere, tagged]) stream.stop()
}

// Keeps what a stream says, so that no event is lost between two steps; returns once it is open.
async function heard (stream) {
  const kept = []
  let wake = () => {}
  for (const kind of ['update', 'status_update', 'notification', 'delete']) {
    stream.on(kind, (payload) => {
      kept.push({ kind, payload })
      wake()
    })
  }
  await new Promise((resolve) => {
    stream.on('connect', resolve)
    stream.on('error', () => {})
  })
  return {
    stop: () => stream.stop(),
    async expect (kind, fits = () => true) {
      for (;;) {
        const found = kept.findIndex((one) => one.kind === kind && fits(one.payload))
        if (found >= 0) return kept.splice(found, 1)[0].payload
        await new Promise((resolve) => { wake = resolve })
      }
    }
  }
}
