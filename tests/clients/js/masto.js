// What a member does, by masto.js. Each exported function is one walk.
import assert from 'node:assert/strict'
import { createECDH, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createOAuthAPIClient, createRestAPIClient, createStreamingAPIClient, MastoHttpError } from 'masto'

const SCOPES = 'read write follow push'
const OUT_OF_BAND = 'urn:ietf:wg:oauth:2.0:oob'

const app = (world, name) =>
  createRestAPIClient({ url: world.url, accessToken: world.people[name].token })
const apps = (world) => Object.keys(world.people).map((name) => app(world, name))
const ids = (things) => things.map((thing) => thing.id)
const inDays = (days) => new Date(Date.now() + days * 86_400_000).toISOString()
const pictureOf = (world) => new File([readFileSync(world.picture)], 'bild.png', { type: 'image/png' })

async function refusal (status, promise) {
  await assert.rejects(promise, (error) => error instanceof MastoHttpError && error.statusCode === status)
}

export async function signsIn (world) {
  const { step, ask, url } = world
  const stranger = createRestAPIClient({ url })
  const oauth = createOAuthAPIClient({ url })
  const registered = await step('register an app', async () => {
    const made = await stranger.v1.apps.create({
      clientName: 'masto.js', redirectUris: [OUT_OF_BAND, 'https://app.example/back'], scopes: SCOPES,
      website: 'https://app.example'
    })
    assert.deepEqual(made.redirectUris, [OUT_OF_BAND, 'https://app.example/back'])
    return made
  })
  const keys = { clientId: registered.clientId, clientSecret: registered.clientSecret, redirectUri: OUT_OF_BAND }
  await step('a token of the app itself', async () => {
    const token = await oauth.token.create({ grantType: 'client_credentials', scope: 'read', ...keys })
    const alone = createRestAPIClient({ url, accessToken: token.accessToken })
    assert.equal((await alone.v1.apps.verifyCredentials()).name, 'masto.js')
  })
  const token = await step('exchange the code of the consent page', async () => {
    const asked = new URL('/oauth/authorize', url)
    asked.search = new URLSearchParams({
      client_id: keys.clientId, redirect_uri: OUT_OF_BAND, response_type: 'code', scope: SCOPES
    })
    const code = await ask(asked.href)
    const made = await oauth.token.create({ grantType: 'authorization_code', code, scope: SCOPES, ...keys })
    assert.deepEqual([made.tokenType, made.scope, typeof made.createdAt], ['Bearer', SCOPES, 'number'])
    return made.accessToken
  })
  const mine = createRestAPIClient({ url, accessToken: token })
  await step('who the app acts for', async () => {
    const me = await mine.v1.accounts.verifyCredentials()
    assert.deepEqual([me.acct, me.source.privacy, me.url], ['anna', 'public', `${url}/@anna`])
  })
  await step('revoke the token', async () => {
    await oauth.revoke({ clientId: keys.clientId, clientSecret: keys.clientSecret, token })
    await refusal(401, mine.v1.accounts.verifyCredentials())
  })
}

export async function readsWhatTheServerIs (world) {
  const { step, domain } = world
  const { v1, v2 } = app(world, 'bertha')
  await step('instance v2', async () => {
    const document = await v2.instance.fetch()
    assert.equal(document.domain, domain)
    assert.equal(document.registrations.enabled, false)
    assert.equal(document.configuration.statuses.maxCharacters, 2000)
    assert.match(document.configuration.urls.streaming, /^ws:/)
    assert.ok(document.configuration.vapid.publicKey)
    assert.equal(document.contact.account.acct, 'anna')
  })
  await step('instance v1', async () => assert.equal((await v1.instance.fetch()).uri, domain))
  await step('peers', async () => assert.ok(Array.isArray(await v1.instance.peers.list())))
  await step('activity', async () => assert.equal((await v1.instance.activity.list()).length, 12))
  await step('languages', async () => assert.ok((await v1.instance.languages.list()).some((one) => one.code === 'de')))
  await step('extended description', async () => {
    assert.equal(typeof (await v1.instance.extendedDescription.fetch()).content, 'string')
  })
  await step('translation languages', async () => {
    assert.deepEqual(await v1.instance.translationLanguages.list(), {})
  })
  await step('blocked servers', async () => assert.deepEqual(await v1.instance.domainBlocks.fetch(), []))
  await step('custom emojis', async () => {
    const [emoji] = await v1.customEmojis.list()
    assert.equal(emoji.shortcode, 'blobcat')
    assert.match(emoji.url, /^http/)
  })
  await step('preferences', async () => {
    assert.ok(Object.values(await v1.preferences.fetch()).includes('public'))
  })
}

export async function posts (world) {
  const { step, domain, people } = world
  const { v1, v2 } = app(world, 'anna')
  await step('a mention, a hashtag and an emoji', async () => {
    const post = await v1.statuses.create({ status: '@bertha sieh, #Brot :blobcat:', language: 'de' })
    assert.deepEqual(post.mentions.map((one) => [one.acct, one.id]), [['bertha', people.bertha.id]])
    assert.deepEqual(post.tags.map((tag) => tag.name.toLowerCase()), ['brot'])
    assert.deepEqual(post.emojis.map((emoji) => emoji.shortcode), ['blobcat'])
    assert.deepEqual([post.language, post.application.name], ['de', 'Phone'])
  })
  await step('a mention by the full handle', async () => {
    const post = await v1.statuses.create({ status: `@bertha@${domain} hallo` })
    assert.equal(post.mentions[0].id, people.bertha.id)
  })
  const media = await step('a picture with alt text', async () => {
    const made = await v2.media.create({ file: pictureOf(world), description: '?', focus: '0.5,-0.5' })
    assert.deepEqual([made.type, made.meta.focus], ['image', { x: 0.5, y: -0.5 }])
    const changed = await v1.media.$select(made.id).update({ description: 'Links orange, rechts blau' })
    assert.equal(changed.description, 'Links orange, rechts blau')
    return made
  })
  const pictured = await step('the picture behind a warning', async () => {
    const post = await v1.statuses.create({
      status: 'Seht her', mediaIds: [media.id], spoilerText: 'Bild', sensitive: true, visibility: 'unlisted'
    })
    assert.deepEqual([post.spoilerText, post.sensitive, post.visibility], ['Bild', true, 'unlisted'])
    assert.deepEqual(ids(post.mediaAttachments), [media.id])
    return post
  })
  await step('edit text and alt text', async () => {
    const post = await v1.statuses.$select(pictured.id).update({
      status: 'Seht genau her', mediaIds: [media.id], spoilerText: 'Bild',
      mediaAttributes: [{ id: media.id, description: 'Orange' }]
    })
    assert.ok(post.editedAt)
    assert.equal(post.mediaAttachments[0].description, 'Orange')
  })
  await step('source and history', async () => {
    const chosen = v1.statuses.$select(pictured.id)
    const source = await chosen.source.fetch()
    assert.deepEqual([source.text, source.spoilerText], ['Seht genau her', 'Bild'])
    const versions = await chosen.history.list()
    assert.deepEqual(versions.map((version) => version.content.includes('genau')), [false, true])
  })
  await step('delete and redraft', async () => {
    const deleted = await v1.statuses.$select(pictured.id).remove()
    assert.equal(deleted.text, 'Seht genau her')
    assert.deepEqual(ids(deleted.mediaAttachments), [media.id])
    const again = await v1.statuses.create({ status: deleted.text, mediaIds: [media.id] })
    assert.deepEqual(ids(again.mediaAttachments), [media.id])
    await refusal(404, v1.statuses.$select(pictured.id).fetch())
  })
  await step('a thread', async () => {
    const post = await v1.statuses.create({ status: 'Wer bringt Brot?' })
    const reply = await app(world, 'bertha').v1.statuses.create({ status: '@anna Ich', inReplyToId: post.id })
    assert.deepEqual([reply.inReplyToId, reply.inReplyToAccountId], [post.id, people.anna.id])
    assert.deepEqual(ids((await v1.statuses.$select(post.id).context.fetch()).descendants), [reply.id])
    assert.deepEqual(ids((await v1.statuses.$select(reply.id).context.fetch()).ancestors), [post.id])
  })
  await step('a quote', async () => {
    const post = await v1.statuses.create({ status: 'Zitiert mich', quoteApprovalPolicy: 'public' })
    assert.equal(post.quoteApproval.currentUser, 'automatic')
    const quoting = await app(world, 'bertha').v1.statuses.create({ status: 'Genau', quotedStatusId: post.id })
    assert.deepEqual([quoting.quote.state, quoting.quote.quotedStatus.id], ['accepted', post.id])
    assert.deepEqual(ids(await v1.statuses.$select(post.id).quotes.list()), [quoting.id])
  })
  await step('several at once', async () => {
    const made = [await v1.statuses.create({ status: 'Eins' }), await v1.statuses.create({ status: 'Zwei' })]
    assert.deepEqual(ids(await v1.statuses.fetch({ id: ids(made) })).sort(), ids(made).sort())
  })
  await step('too long is refused', () => refusal(422, v1.statuses.create({ status: 'x'.repeat(2001) })))
}

export async function votes (world) {
  const { step } = world
  const [anna, bertha] = apps(world)
  const post = await step('ask', async () => {
    const made = await anna.v1.statuses.create({
      status: 'Was?', poll: { options: ['Brot', 'Kuchen', 'Beides'], expiresIn: 3600, multiple: true }
    })
    assert.deepEqual([made.poll.multiple, made.poll.expired, made.poll.voted], [true, false, true])
    return made
  })
  await step('vote', async () => {
    const before = await bertha.v1.polls.$select(post.poll.id).fetch()
    assert.deepEqual([before.voted, before.ownVotes], [false, []])
    const poll = await bertha.v1.polls.$select(post.poll.id).votes.create({ choices: [0, 2] })
    assert.deepEqual([poll.voted, poll.ownVotes, poll.votersCount, poll.votesCount], [true, [0, 2], 1, 2])
    assert.deepEqual(poll.options.map((option) => option.votesCount), [1, 0, 1])
  })
  await step('vote again is refused', () =>
    refusal(422, bertha.v1.polls.$select(post.poll.id).votes.create({ choices: [0] })))
}

export async function schedules (world) {
  const { step } = world
  const { v1 } = app(world, 'anna')
  const later = await step('schedule', async () => {
    const made = await v1.statuses.create({ status: 'Später', scheduledAt: inDays(2), visibility: 'private' })
    assert.deepEqual([made.params.text, made.params.visibility], ['Später', 'private'])
    assert.deepEqual(ids(await v1.scheduledStatuses.list()), [made.id])
    return made
  })
  await step('at another time', async () => {
    const at = inDays(3)
    const chosen = v1.scheduledStatuses.$select(later.id)
    assert.equal((await chosen.update({ scheduledAt: at })).scheduledAt, at)
    assert.equal((await chosen.fetch()).scheduledAt, at)
  })
  await step('not at all', async () => {
    await v1.scheduledStatuses.$select(later.id).remove()
    assert.deepEqual(await v1.scheduledStatuses.list(), [])
  })
}

export async function marks (world) {
  const { step, people } = world
  const [anna, bertha] = apps(world)
  const { v1 } = bertha
  const post = await anna.v1.statuses.create({ status: 'Das ist gut' })
  const chosen = v1.statuses.$select(post.id)
  const pairs = [
    ['favourite', 'favourited', v1.favourites], ['bookmark', 'bookmarked', v1.bookmarks], ['mute', 'muted']
  ]
  for (const [verb, flag, list] of pairs) {
    await step(verb, async () => {
      assert.equal((await chosen[verb]())[flag], true)
      if (list) assert.equal((await list.list())[0].id, post.id)
    })
  }
  await step('boost', async () => {
    const boost = await chosen.reblog({ visibility: 'unlisted' })
    assert.deepEqual([boost.reblog.id, boost.reblog.reblogged, boost.visibility], [post.id, true, 'unlisted'])
  })
  await step('who favourited and boosted', async () => {
    const of = anna.v1.statuses.$select(post.id)
    assert.deepEqual(ids(await of.favouritedBy.list()), [people.bertha.id])
    assert.deepEqual(ids(await of.rebloggedBy.list()), [people.bertha.id])
  })
  for (const [verb, flag] of [...pairs, ['reblog', 'reblogged']]) {
    await step(`take back: ${verb}`, async () => {
      const answer = await chosen[`un${verb}`]()
      assert.equal((answer.reblog ?? answer)[flag], false)
    })
  }
  await step('pin', async () => {
    assert.equal((await anna.v1.statuses.$select(post.id).pin()).pinned, true)
    const profile = v1.accounts.$select(people.anna.id)
    assert.deepEqual(ids(await profile.statuses.list({ pinned: true })), [post.id])
    assert.equal((await anna.v1.statuses.$select(post.id).unpin()).pinned, false)
  })
}

export async function readsTimelines (world) {
  const { step, people } = world
  const [anna, bertha] = apps(world)
  await bertha.v1.accounts.$select(people.anna.id).follow()
  const list = await step('a list', async () => {
    const made = await bertha.v1.lists.create({ title: 'Bäckerei' })
    const chosen = bertha.v1.lists.$select(made.id)
    await chosen.accounts.create({ accountIds: [people.anna.id] })
    assert.deepEqual(ids(await chosen.accounts.list()), [people.anna.id])
    assert.deepEqual(ids(await bertha.v1.accounts.$select(people.anna.id).lists.list()), [made.id])
    const changed = await chosen.update({ title: 'Backstube', exclusive: false, repliesPolicy: 'followed' })
    assert.deepEqual([changed.title, changed.exclusive, changed.repliesPolicy], ['Backstube', false, 'followed'])
    return made
  })
  const posts = []
  for (let number = 0; number < 5; number++) {
    posts.unshift(await anna.v1.statuses.create({ status: `Seite ${number} #masto` }))
  }
  const { home, public: everywhere, tag, list: lists } = bertha.v1.timelines
  const timelines = {
    home, local: { list: (paging) => everywhere.list({ local: true, ...paging }) }, public: everywhere,
    hashtag: tag.$select('masto'), list: lists.$select(list.id),
    profile: bertha.v1.accounts.$select(people.anna.id).statuses
  }
  for (const [name, timeline] of Object.entries(timelines)) {
    await step(`page through: ${name}`, async () => {
      const pages = []
      for await (const page of timeline.list({ limit: 2 })) {
        pages.push(page)
        if (pages.length === 2) break
      }
      assert.deepEqual(pages.map(ids), [ids(posts.slice(0, 2)), ids(posts.slice(2, 4))])
      const newer = timeline.list({ limit: 2, maxId: posts[1].id }).setDirection('prev').values()
      assert.deepEqual(ids((await newer.next()).value), ids(posts.slice(2, 4)))
      assert.deepEqual(ids((await newer.next()).value), ids(posts.slice(0, 2)))
      assert.deepEqual(ids(await timeline.list({ minId: posts[4].id, limit: 2 })), ids(posts.slice(2, 4)))
    })
  }
  await step('follow a hashtag', async () => {
    const chosen = bertha.v1.tags.$select('masto')
    assert.equal((await chosen.follow()).following, true)
    assert.deepEqual((await bertha.v1.followedTags.list()).map((one) => one.name), ['masto'])
    assert.equal((await chosen.unfollow()).following, false)
  })
  await step('what was read', async () => {
    await bertha.v1.markers.create({ home: { lastReadId: posts[0].id } })
    assert.equal((await bertha.v1.markers.fetch({ timeline: ['home'] })).home.lastReadId, posts[0].id)
  })
  await step('no list any more', async () => {
    await bertha.v1.lists.$select(list.id).accounts.remove({ accountIds: [people.anna.id] })
    await bertha.v1.lists.$select(list.id).remove()
    assert.deepEqual(await bertha.v1.lists.list(), [])
  })
}

export async function filters (world) {
  const { step } = world
  const [anna, bertha] = apps(world)
  const { filters } = bertha.v2
  const post = await anna.v1.statuses.create({ status: 'Heute Fussball' })
  const made = await step('filter a word', async () => {
    const filter = await filters.create({
      title: 'Sport', context: ['home', 'public'], filterAction: 'hide', expiresIn: 3600,
      keywordsAttributes: [{ keyword: 'Fussball', wholeWord: true }]
    })
    assert.deepEqual([filter.title, filter.filterAction, filter.keywords.length], ['Sport', 'hide', 1])
    assert.deepEqual(ids(await filters.list()), [filter.id])
    return filter
  })
  await step('a post tells what filtered it', async () => {
    const [result] = (await bertha.v1.statuses.$select(post.id).fetch()).filtered
    assert.deepEqual([result.filter.id, result.keywordMatches], [made.id, ['Fussball']])
  })
  await step('change it', async () => {
    const filter = await filters.$select(made.id).update({
      title: 'Spiel', context: ['home'], filterAction: 'warn',
      keywordsAttributes: [{ id: made.keywords[0].id, _destroy: true }, { keyword: 'Schach' }]
    })
    assert.deepEqual([filter.title, filter.keywords.map((word) => word.keyword)], ['Spiel', ['Schach']])
  })
  await step('words one by one', async () => {
    const word = await filters.$select(made.id).keywords.create({ keyword: 'Tor', wholeWord: false })
    assert.equal((await filters.keywords.$select(word.id).update({ keyword: 'Tore' })).keyword, 'Tore')
    assert.equal((await filters.keywords.$select(word.id).fetch()).keyword, 'Tore')
    await filters.keywords.$select(word.id).remove()
    assert.equal((await filters.$select(made.id).keywords.list()).length, 1)
  })
  await step('a post by hand', async () => {
    const chosen = await filters.$select(made.id).statuses.create({ statusId: post.id })
    assert.deepEqual((await filters.$select(made.id).statuses.list()).map((one) => one.statusId), [post.id])
    assert.equal((await filters.statuses.$select(chosen.id).fetch()).statusId, post.id)
    await filters.statuses.$select(chosen.id).remove()
  })
  await step('no filter any more', async () => {
    await filters.$select(made.id).remove()
    assert.deepEqual(await filters.list(), [])
  })
  await step('filters of the first kind', async () => {
    const old = await bertha.v1.filters.create({ phrase: 'Schach', context: ['home'] })
    assert.deepEqual([old.phrase, old.irreversible], ['Schach', false])
    await bertha.v1.filters.$select(old.id).remove()
  })
}

export async function relates (world) {
  const { step, people } = world
  const [anna, bertha, cem] = apps(world)
  const { v1 } = bertha
  const other = v1.accounts.$select(people.cem.id)
  await step('ask a locked account', async () => assert.equal((await other.follow()).requested, true))
  await step('let in', async () => {
    assert.deepEqual(ids(await cem.v1.followRequests.list()), [people.bertha.id])
    assert.equal((await cem.v1.followRequests.$select(people.bertha.id).authorize()).followedBy, true)
    const [relationship] = await v1.accounts.relationships.fetch({ id: [people.cem.id] })
    assert.equal(relationship.following, true)
  })
  await step('turn away', async () => {
    await anna.v1.accounts.$select(people.cem.id).follow()
    await cem.v1.followRequests.$select(people.anna.id).reject()
    assert.equal((await anna.v1.accounts.relationships.fetch({ id: [people.cem.id] }))[0].requested, false)
  })
  await step('followers and followed', async () => {
    assert.deepEqual(ids(await other.followers.list()), [people.bertha.id])
    assert.ok(ids(await v1.accounts.$select(people.bertha.id).following.list()).includes(people.cem.id))
  })
  await step('no boosts, but a bell', async () => {
    const relationship = await other.follow({ reblogs: false, notify: true, languages: ['de'] })
    assert.deepEqual(
      [relationship.showingReblogs, relationship.notifying, relationship.languages], [false, true, ['de']]
    )
  })
  await step('familiar followers', async () => {
    await anna.v1.accounts.$select(people.bertha.id).follow()
    const [found] = await anna.v1.accounts.familiarFollowers.fetch({ id: [people.cem.id] })
    assert.deepEqual([found.id, ids(found.accounts)], [people.cem.id, [people.bertha.id]])
  })
  await step('a note', async () => {
    assert.equal((await other.note.create({ comment: 'Aus dem Laden' })).note, 'Aus dem Laden')
  })
  await step('endorse', async () => {
    assert.equal((await other.endorse()).endorsed, true)
    assert.deepEqual(ids(await v1.endorsements.list()), [people.cem.id])
    assert.deepEqual(ids(await v1.accounts.$select(people.bertha.id).endorsements.list()), [people.cem.id])
    assert.equal((await other.unendorse()).endorsed, false)
    assert.equal((await other.pin()).endorsed, true)
    assert.equal((await other.unpin()).endorsed, false)
  })
  await step('mute', async () => {
    const relationship = await other.mute({ notifications: false, duration: 3600 })
    assert.deepEqual([relationship.muting, relationship.mutingNotifications], [true, false])
    const [muted] = await v1.mutes.list()
    assert.deepEqual([muted.id, typeof muted.muteExpiresAt], [people.cem.id, 'string'])
    assert.equal((await other.unmute()).muting, false)
  })
  await step('remove a follower', async () => {
    await cem.v1.accounts.$select(people.bertha.id).removeFromFollowers()
    assert.equal((await v1.accounts.relationships.fetch({ id: [people.cem.id] }))[0].following, false)
  })
  await step('block', async () => {
    assert.equal((await other.block()).blocking, true)
    assert.deepEqual(ids(await v1.blocks.list()), [people.cem.id])
    assert.equal((await other.unblock()).blocking, false)
  })
  await step('block a server', async () => {
    await v1.domainBlocks.create({ domain: 'unwanted.example' })
    assert.deepEqual(await v1.domainBlocks.list(), ['unwanted.example'])
    await v1.domainBlocks.remove({ domain: 'unwanted.example' })
    assert.deepEqual(await v1.domainBlocks.list(), [])
  })
  await step('report', async () => {
    const post = await cem.v1.statuses.create({ status: 'Kauft!', visibility: 'public' })
    const report = await v1.reports.create({
      accountId: people.cem.id, statusIds: [post.id], comment: 'Werbung', category: 'spam', forward: false
    })
    assert.deepEqual([report.category, report.statusIds, report.targetAccount.id], ['spam', [post.id], people.cem.id])
  })
}

export async function readsNotifications (world) {
  const { step, people } = world
  const [anna, bertha, cem] = apps(world)
  const { v1, v2 } = anna
  await v1.notifications.clear()
  const post = await v1.statuses.create({ status: 'Lobt mich' })
  await bertha.v1.statuses.$select(post.id).favourite()
  await cem.v1.statuses.$select(post.id).favourite()
  await step('one by one', async () => {
    const told = await v1.notifications.list({ types: ['favourite'], limit: 2 })
    assert.deepEqual(told.map((one) => [one.type, one.status.id]), Array(2).fill(['favourite', post.id]))
    assert.equal((await v1.notifications.$select(told[0].id).fetch()).account.acct, 'cem')
    const without = await v1.notifications.list({ excludeTypes: ['favourite'] })
    assert.ok(without.every((one) => one.type !== 'favourite'))
  })
  await step('how many are new', async () => {
    assert.ok((await v1.notifications.unreadCount.fetch()).count >= 2)
    assert.ok((await v2.notifications.unreadCount.fetch()).count >= 1)
  })
  await step('in groups', async () => {
    const found = await v2.notifications.list({ groupedTypes: ['favourite'], types: ['favourite'] })
    const [group] = found.notificationGroups
    assert.deepEqual([group.notificationsCount, group.statusId], [2, post.id])
    assert.deepEqual([...group.sampleAccountIds].sort(), [people.bertha.id, people.cem.id].sort())
    assert.ok(ids(found.statuses).includes(post.id))
    const chosen = v2.notifications.$select(group.groupKey)
    assert.equal((await chosen.fetch()).notificationGroups[0].groupKey, group.groupKey)
    assert.equal((await chosen.accounts.fetch()).length, 2)
    await chosen.dismiss()
    assert.deepEqual(await v1.notifications.list({ types: ['favourite'] }), [])
  })
  await step('who has to wait', async () => {
    const policy = await v2.notifications.policy.update({ forNotFollowing: 'filter' })
    assert.equal(policy.forNotFollowing, 'filter')
    await cem.v1.statuses.create({ status: '@anna kennst du mich?' })
    assert.equal((await v2.notifications.policy.fetch()).summary.pendingRequestsCount, 1)
  })
  await step('requests', async () => {
    const [request] = await v1.notifications.requests.list()
    assert.deepEqual([request.account.id, request.notificationsCount], [people.cem.id, '1'])
    const chosen = v1.notifications.requests.$select(request.id)
    assert.match((await chosen.fetch()).lastStatus.content, /kennst du mich/)
    await chosen.accept()
    assert.equal((await v1.notifications.requests.merged.fetch()).merged, true)
    assert.ok((await v1.notifications.list({ types: ['mention'] })).some((one) => one.account.acct === 'cem'))
  })
  await step('everybody is heard again', async () => {
    assert.equal((await v2.notifications.policy.update({ forNotFollowing: 'accept' })).forNotFollowing, 'accept')
  })
  await step('clear away', async () => {
    const [newest] = await v1.notifications.list({ limit: 1 })
    await v1.notifications.$select(newest.id).dismiss()
    await refusal(404, v1.notifications.$select(newest.id).fetch())
    await v1.notifications.clear()
    assert.deepEqual(await v1.notifications.list(), [])
  })
  await step('push', async () => {
    const key = createECDH('prime256v1')
    key.generateKeys()
    const { subscription } = v1.push
    const made = await subscription.create({
      subscription: {
        endpoint: 'https://push.example/abc',
        keys: { p256dh: key.getPublicKey('base64url'), auth: randomBytes(16).toString('base64url') }
      },
      data: { alerts: { mention: true }, policy: 'followed' }
    })
    assert.deepEqual([made.endpoint, made.alerts.mention, made.policy], ['https://push.example/abc', true, 'followed'])
    assert.equal(made.serverKey, (await v2.instance.fetch()).configuration.vapid.publicKey)
    assert.equal((await subscription.update({ data: { alerts: { poll: true } } })).alerts.poll, true)
    assert.equal((await subscription.fetch()).alerts.poll, true)
    await subscription.remove()
    await refusal(404, subscription.fetch())
  })
}

export async function writesDirectly (world) {
  const { step, people } = world
  const [anna, bertha] = apps(world)
  const { conversations } = anna.v1
  const post = await bertha.v1.statuses.create({ status: '@anna nur für dich', visibility: 'direct' })
  const talk = await step('a conversation', async () => {
    const [found] = await conversations.list()
    assert.deepEqual([found.lastStatus.id, ids(found.accounts), found.unread], [post.id, [people.bertha.id], true])
    return found
  })
  await step('read and not read', async () => {
    assert.equal((await conversations.$select(talk.id).read()).unread, false)
    assert.equal((await conversations.$select(talk.id).unread()).unread, true)
  })
  await step('no conversation any more', async () => {
    await conversations.$select(talk.id).remove()
    assert.deepEqual(await conversations.list(), [])
  })
}

export async function discovers (world) {
  const { step, people, domain } = world
  const [anna, bertha] = apps(world)
  const { v1, v2 } = bertha
  const post = await anna.v1.statuses.create({ status: 'Etwas über #Bienenwachs' })
  await step('search', async () => {
    assert.deepEqual(ids((await v2.search.list({ q: 'helga', type: 'accounts' })).accounts), [people.helga.id])
    assert.equal((await v2.search.list({ q: 'bienenw' })).hashtags[0].name.toLowerCase(), 'bienenwachs')
    assert.deepEqual(ids((await v2.search.list({ q: post.url, resolve: true })).statuses), [post.id])
  })
  await step('look up', async () => {
    assert.equal((await v1.accounts.lookup({ acct: `anna@${domain}` })).id, people.anna.id)
    assert.deepEqual(ids(await v1.accounts.search.list({ q: 'hel', limit: 1 })), [people.helga.id])
    assert.equal((await v1.accounts.$select(people.anna.id).fetch()).acct, 'anna')
    assert.equal((await v1.accounts.fetch({ id: [people.anna.id, people.cem.id] })).length, 2)
  })
  await step('trends', async () => {
    const [tag] = await v1.trends.tags.list()
    assert.deepEqual([tag.name.toLowerCase(), typeof tag.history[0].uses], ['trend', 'string'])
    assert.equal((await v1.trends.statuses.list()).length, 2)
    assert.deepEqual(await v1.trends.links.list(), [])
  })
  await step('suggestions', async () => {
    assert.ok((await v2.suggestions.list()).some((one) => one.account.id === people.helga.id))
    await v1.suggestions.$select(people.helga.id).remove()
    assert.ok((await v2.suggestions.list()).every((one) => one.account.id !== people.helga.id))
    assert.ok(Array.isArray(await v1.suggestions.list()))
  })
  await step('directory', async () => {
    const found = await v1.directory.list({ local: true, order: 'new', limit: 10 })
    assert.ok(ids(found).includes(people.helga.id))
  })
  const announcement = await step('announcements', async () => {
    const [found] = await v1.announcements.list()
    assert.match(found.content, /Fest/)
    return found
  })
  await step('react to it', async () => {
    await v1.announcements.$select(announcement.id).reactions.$select('👍').update()
    const [told] = (await v1.announcements.list())[0].reactions
    assert.deepEqual([told.name, told.count, told.me], ['👍', 1, true])
    await v1.announcements.$select(announcement.id).reactions.$select('👍').remove()
    await v1.announcements.$select(announcement.id).dismiss()
    assert.equal((await v1.announcements.list())[0]?.read ?? true, true)
  })
}

export async function showsItself (world) {
  const { step, people } = world
  const { v1 } = app(world, 'bertha')
  await step('profile', async () => {
    const me = await v1.accounts.updateCredentials({
      displayName: 'Bertha Ärmel', note: 'Bäckerin #brot', avatar: pictureOf(world), header: pictureOf(world),
      fieldsAttributes: [{ name: 'Web', value: 'https://bertha.example' }],
      source: { privacy: 'unlisted', sensitive: false, language: 'de' }, discoverable: true
    })
    assert.deepEqual([me.displayName, me.source.privacy, me.source.language], ['Bertha Ärmel', 'unlisted', 'de'])
    assert.deepEqual(me.source.fields.map((one) => [one.name, one.value]), [['Web', 'https://bertha.example']])
    assert.equal((await fetch(me.avatar)).headers.get('content-type').split('/')[0], 'image')
  })
  await step('profile of its own', async () => {
    const me = await v1.profile.fetch()
    assert.equal(me.displayName, 'Bertha Ärmel')
    assert.equal((await v1.profile.update({ displayName: 'Bertha' })).displayName, 'Bertha')
  })
  await step('without pictures', async () => {
    assert.equal((await v1.profile.avatar.remove()).id, people.bertha.id)
    assert.match((await v1.profile.header.remove()).header, /missing/)
  })
  await step('featured hashtags', async () => {
    const made = await v1.featuredTags.create({ name: 'Brot' })
    assert.equal((await v1.accounts.$select(people.bertha.id).featuredTags.list())[0].id, made.id)
    assert.ok(Array.isArray(await v1.featuredTags.suggestions.list()))
    await v1.featuredTags.$select(made.id).remove()
    assert.equal((await v1.tags.$select('Brot').feature()).featuring, true)
    assert.equal((await v1.tags.$select('Brot').unfeature()).featuring, false)
  })
}

export async function listens (world) {
  const { step, people } = world
  const [anna, , cem] = apps(world)
  await cem.v1.accounts.$select(people.anna.id).follow()
  const near = await cem.v1.lists.create({ title: 'Nahe' })
  await cem.v1.lists.$select(near.id).accounts.create({ accountIds: [people.anna.id] })
  const { streaming } = (await cem.v2.instance.fetch()).configuration.urls
  const stream = createStreamingAPIClient({ streamingApiUrl: streaming, accessToken: people.cem.token })
  const open = {
    user: stream.user.subscribe(), local: stream.public.local.subscribe(), public: stream.public.subscribe(),
    hashtag: stream.hashtag.subscribe({ tag: 'gehört' }),
    list: stream.list.subscribe({ list: near.id }), direct: stream.direct.subscribe(),
    notification: stream.user.notification.subscribe()
  }
  const events = Object.fromEntries(Object.entries(open).map(([name, one]) => [name, heard(one)]))
  await stream.prepare()
  await step('subscribed', () => untilSubscribed(events.local, anna))
  const post = await anna.v1.statuses.create({ status: 'Gleich da, @cem #gehört' })
  for (const name of ['user', 'local', 'public', 'hashtag', 'list']) {
    await step(`a post: ${name}`, async () => {
      assert.match((await events[name].expect('update', (one) => one.id === post.id)).content, /Gleich da/)
    })
  }
  await step('a notification', async () => {
    assert.equal((await events.user.expect('notification')).status.id, post.id)
    assert.equal((await events.notification.expect('notification')).type, 'mention')
  })
  await step('a conversation', async () => {
    const whispered = await anna.v1.statuses.create({ status: '@cem leise', visibility: 'direct' })
    assert.equal((await events.direct.expect('conversation')).lastStatus.id, whispered.id)
  })
  await step('an edit', async () => {
    await anna.v1.statuses.$select(post.id).update({ status: 'Wieder da, @cem #gehört' })
    assert.match((await events.user.expect('status.update')).content, /Wieder da/)
  })
  await step('a deletion', async () => {
    await anna.v1.statuses.$select(post.id).remove()
    await events.user.expect('delete', (one) => one === post.id)
  })
  await step('changed filters', async () => {
    const filter = await cem.v2.filters.create({ title: 'Sport', context: ['home'] })
    await events.user.expect('filters_changed')
    await cem.v2.filters.$select(filter.id).remove()
  })
  await step('unsubscribe', async () => {
    open.hashtag.unsubscribe()
    stream.close()
  })
}

// Keeps what a stream says, so that no event is lost between two steps.
function heard (subscription) {
  const kept = []
  let wake = () => {}
  const listen = async () => {
    for await (const event of subscription) {
      kept.push(event)
      wake()
    }
  }
  listen().catch(() => {})
  return {
    async expect (kind, fits = () => true) {
      for (;;) {
        const found = kept.findIndex((one) => one.event === kind && fits(one.payload))
        if (found >= 0) return kept.splice(found, 1)[0].payload
        await new Promise((resolve) => { wake = resolve })
      }
    }
  }
}

// The library tells nobody when the server has taken a subscription: post until one is heard.
async function untilSubscribed (local, author) {
  let post
  const timer = setInterval(async () => { post ??= await author.v1.statuses.create({ status: 'Hört ihr?' }) }, 300)
  await local.expect('update')
  clearInterval(timer)
}
