"""Home feeds: capped sets of status ids in Redis, and the rules of what belongs into one.

The rules exist twice, as a condition on rows (`feed_rows`, to build a feed) and as a condition on followers
(`receiving_followers` and `receiving_tag_followers`, to hand out one status); tests/timelines hold both to
the same answers. What somebody may not or does not want to see is left out when the page is read, so a mute
or a block takes effect at once, and taking it back too. Redis may be empty or down: then the page comes from
PostgreSQL.
Source: API behaviours section 11; docs/decisions/0004-feeds-in-redis.md.
"""

import logging
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from redis.exceptions import RedisError

from accounts.models import Account, Block, Follow, Mute
from core import pubsub
from core.api.pagination import Page
from core.prepared import Ids, Prepared
from timelines.listings import Listing
from timelines.models import ListAccount, Mention, Status, StatusQuerySet, StatusTag, TagFollow
from timelines.visibility import followed_by, visible_to, wanted_by

CAP = 800
# A feed that nobody reads for so long goes, and is built anew when its owner is back.
KEPT = timedelta(days=14)
_BUILD_SECONDS = 60
# All members have the same score, so Redis sorts them by their bytes: ids of one width, and after all of them
# this mark, which only a complete feed has. (Scores are doubles, too coarse for our ids.)
_COMPLETE = b"~"
_WIDTH = 20
_ADDRESSED_ONLY = (Status.Visibility.DIRECT, Status.Visibility.LIMITED)

# A status and, if it is a reblog, its original.
Found = tuple[int, int | None]

log = logging.getLogger(__name__)

# Put one status into the feeds that are complete or being built; absent ones stay absent.
_PUSH = """
for i = 1, #KEYS, 2 do
  if redis.call('ZSCORE', KEYS[i], '~') or redis.call('EXISTS', KEYS[i + 1]) == 1 then
    redis.call('ZADD', KEYS[i], 0, ARGV[1])
    redis.call('ZREMRANGEBYRANK', KEYS[i], 0, -(tonumber(ARGV[2]) + 2))
    redis.call('EXPIRE', KEYS[i], ARGV[3], 'NX')
  end
end
"""
# Store what was read from PostgreSQL, unless the feed was dropped meanwhile and has to be read again.
_FINISH = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
for i = 4, #ARGV do redis.call('ZADD', KEYS[1], 0, ARGV[i]) end
redis.call('ZADD', KEYS[1], 0, '~')
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -(tonumber(ARGV[2]) + 2))
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('DEL', KEYS[2])
return 1
"""
_CANDIDATES = """
SELECT latest.id
FROM (
    SELECT %(account)s AS id
  UNION
    SELECT target_id FROM accounts_follow WHERE account_id = %(account)s AND accepted_at IS NOT NULL
) author
CROSS JOIN LATERAL (
    SELECT id FROM timelines_status
    WHERE account_id = author.id AND deleted_at IS NULL ORDER BY id DESC LIMIT %(each)s
) latest
UNION
SELECT latest.status_id
FROM timelines_tagfollow follow
CROSS JOIN LATERAL (
    SELECT status_id FROM timelines_statustag
    WHERE tag_id = follow.tag_id ORDER BY status_id DESC LIMIT %(each)s
) latest
WHERE follow.account_id = %(account)s
ORDER BY id DESC LIMIT %(most)s
"""


# What belongs into a feed


def feed_rows(account: Account) -> StatusQuerySet:
    """Return the statuses that belong into the home feed of ``account``, whatever it mutes or blocks."""
    follows = followed_by(account)
    following = follows.values("target")
    plain = Q(reblog_of__isnull=True, account__in=following)
    reblogs = Q(reblog_of__isnull=False, account__in=follows.filter(show_reblogs=True).values("target"))
    answered = Q(in_reply_to_account=F("account")) | Q(in_reply_to_account=account)
    answered |= Q(in_reply_to_account__in=following)
    addressed = Mention.objects.filter(status=OuterRef("pk"), account=account)
    audience = ~Q(visibility__in=_ADDRESSED_ONLY) | Q(Exists(addressed))
    other_language = follows.filter(target=OuterRef("account"), languages__len__gt=0).exclude(
        languages__contains=[OuterRef("language")]
    )
    language = Q(language__isnull=True) | ~Q(Exists(other_language))
    followed = (plain | reblogs) & (Q(in_reply_to_uri="") | answered) & audience & language
    shut_out = ListAccount.objects.filter(list__account=account, list__exclusive=True).values("account")
    others = (followed | _under_followed_tags(account)) & ~Q(account__in=shut_out)
    return Status.objects.kept().filter(Q(account=account) | others)


def _under_followed_tags(account: Account) -> Q:
    tags = TagFollow.objects.filter(account=account).values("tag")
    tagged = StatusTag.objects.filter(status=OuterRef("pk"), tag__in=tags)
    public = Q(visibility=Status.Visibility.PUBLIC, reblog_of__isnull=True)
    return public & Q(account__silenced_at__isnull=True) & Q(Exists(tagged))


def receiving_followers(status: Status) -> "QuerySet[Follow]":
    """Return the follows by local accounts into whose feeds ``status`` belongs."""
    follows = Follow.objects.accepted().filter(target=status.account_id, account__domain__isnull=True)
    if status.reblog_of_id is not None:
        follows = follows.filter(show_reblogs=True)
    if status.language is not None:
        any_language = Q(languages__isnull=True) | Q(languages=[])
        follows = follows.filter(any_language | Q(languages__contains=[status.language]))
    if status.visibility in _ADDRESSED_ONLY:
        follows = follows.filter(account__in=Mention.objects.filter(status=status).values("account"))
    if status.in_reply_to_uri and status.in_reply_to_account_id != status.account_id:
        answered = Follow.objects.accepted().filter(
            account=OuterRef("account"), target=status.in_reply_to_account_id
        )
        follows = follows.filter(Q(account=status.in_reply_to_account_id) | Q(Exists(answered)))
    return follows.exclude(account__in=_shutting_out(status))


def receiving_tag_followers(status: Status) -> "QuerySet[TagFollow]":
    """Return the follows of its hashtags by accounts into whose feeds ``status`` belongs for them."""
    is_public = status.visibility == Status.Visibility.PUBLIC and status.reblog_of_id is None
    if not is_public or status.account.silenced_at is not None:
        return TagFollow.objects.none()
    tags = StatusTag.objects.filter(status=status).values("tag")
    return TagFollow.objects.filter(tag__in=tags).exclude(account__in=_shutting_out(status))


def _shutting_out(status: Status) -> "QuerySet[ListAccount, Any]":
    """Return who reads the author in an exclusive list, and not at home."""
    return ListAccount.objects.filter(account=status.account_id, list__exclusive=True).values("list__account")


def receivers(status: Status, *, after_id: int, limit: int) -> list[int]:
    """Return the first local accounts beyond ``after_id`` into whose feeds ``status`` belongs, save its
    author's, in the order of their ids.
    """
    found = set(_followers_beyond(status, after_id, limit))
    if status.tags.all():
        found.update(_beyond(receiving_tag_followers(status), status.account_id, after_id)[:limit])
    return sorted(found)[:limit]


def _followers_beyond(status: Status, after_id: int, limit: int) -> Iterable[int]:
    answers_another = status.in_reply_to_uri and status.in_reply_to_account_id != status.account_id
    if answers_another or status.visibility in _ADDRESSED_ONLY:
        return _beyond(receiving_followers(status), status.account_id, after_id)[:limit]
    query = _followers_of_author(status.reblog_of_id is not None, status.language)
    return [pk for (pk,) in query.tuples(author=status.account_id, after=after_id, limit=limit)]


@lru_cache(maxsize=256)
def _followers_of_author(is_reblog: bool, language: str | None) -> "Prepared[Any]":
    """Return the query for those who receive what answers nobody; they lie beyond the id ``after``."""

    def build(author: int, after: int) -> "QuerySet[Any, Any]":
        status = Status(account_id=author, language=language, reblog_of_id=1 if is_reblog else None)
        return _beyond(receiving_followers(status), author, after)

    return Prepared(build, author=int, after=int)


def _beyond(side: "QuerySet[Any]", author_id: int, after_id: int) -> "QuerySet[Any, int]":
    rows = side.filter(account__gt=after_id).exclude(account=author_id).order_by("account_id")
    return rows.values_list("account_id", flat=True).distinct()


def home_rows(account: Account) -> StatusQuerySet:
    """Return the statuses that ``account`` reads at home: what belongs there, is visible and is wanted."""
    return readable_by(feed_rows(account), account)


def readable_by(rows: StatusQuerySet, account: Account) -> StatusQuerySet:
    """Keep the statuses that ``account`` may see and wants to, in a feed of those whom it follows."""
    rows = wanted_by(visible_to(rows, account), account)
    unwanted = (
        Q(account__in=Mute.objects.active().filter(account=account).values("target"))
        | Q(account__in=Block.objects.filter(account=account).values("target"))
        | Q(account__in=Block.objects.filter(target=account).values("account"))
    )
    said = Q(status=OuterRef("pk")) | Q(status=OuterRef("reblog_of"))
    talks_of_them = Mention.objects.filter(said, unwanted, silent=False)
    return rows.filter(Q(account=account) | ~Q(Exists(talks_of_them)))


_HOME = Prepared(
    lambda account, ids: (
        home_rows(Account(pk=account)).filter(pk__in=ids.rows).order_by("-pk").values_list("pk")
    ),
    account=int,
    ids=Ids,
)


# Reading


class HomePage(NamedTuple):
    """How to find a page of the home feed; ``ids`` are those in Redis, None when that was of no use."""

    listing: Listing
    page: Page
    ids: list[int] | None

    def choose(self, found: Sequence[Found]) -> list[int]:
        """Return the ids to show of what the listing found, newest first."""
        return _without_repeats(self._cut(found))

    def cursors(self, found: Sequence[Found]) -> list[int]:
        """Return the ids that the links of the page go by.

        They may go beyond the statuses: what was left out still counts as read.
        """
        if self.ids is not None and len(found) <= self.page.limit:
            return self.ids
        return [pk for pk, _ in self._cut(found)]

    def _cut(self, found: Sequence[Found]) -> Sequence[Found]:
        return found[-self.page.limit :] if self.page.is_upwards else found[: self.page.limit]


def find_home_page(account: Account, page: Page) -> HomePage:
    """Return how to find a page of the home feed. Never fails for want of Redis."""
    # Twice as many, so that what is left out seldom makes the page short.
    ids = _find_ids(account, replace(page, limit=page.limit * 2))
    if ids is None:
        return HomePage(Listing.of(home_rows(account), page), page, None)
    sql, parameters = _HOME.filled({"account": account.pk, "ids": ids})
    return HomePage(Listing(sql, parameters, upwards=False), page, ids)


def _without_repeats(rows: Sequence[Found]) -> list[int]:
    """Show a status once on a page: as it came first, not again for each reblog."""
    kept: dict[int, int] = {}
    for pk, reblog_of_id in reversed(rows):
        kept.setdefault(reblog_of_id or pk, pk)
    return list(kept.values())[::-1]


def _find_ids(account: Account, page: Page) -> list[int] | None:
    """Return ids from the feed in Redis, or None when PostgreSQL has to be asked."""
    try:
        ids = _read(account.pk, page)
        if ids is None:
            _build(account)
            ids = _read(account.pk, page)
        if ids is None:
            return None
        reaches_further = page.min_id is None and page.since_id is None and len(ids) < page.limit
        if reaches_further and pubsub.connection().zcard(_key(account.pk)) > CAP:
            return None
    except RedisError as error:
        log.warning("feed_not_in_reach", extra={"cause": str(error)})
        return None
    return ids


def _key(account_id: int) -> str:
    return f"feed:home:{account_id}"


def _building_key(account_id: int) -> str:
    return f"feed:home:{account_id}:building"


def _member(status_id: int) -> str:
    return f"{status_id:0{_WIDTH}d}"


def _read(account_id: int, page: Page) -> list[int] | None:
    """Return the ids of a page, newest first; None when the feed is absent or incomplete."""
    key = _key(account_id)
    above = page.min_id if page.min_id is not None else page.since_id
    low = "-" if above is None else f"({_member(above)}"
    high = f"({_COMPLETE.decode()}" if page.max_id is None else f"({_member(page.max_id)}"
    pipe = pubsub.connection().pipeline(transaction=False)
    pipe.zscore(key, _COMPLETE)
    if page.min_id is not None:
        pipe.zrangebylex(key, low, high, 0, page.limit)
    else:
        pipe.zrevrangebylex(key, high, low, 0, page.limit)
    pipe.expire(key, KEPT)
    complete, members, _ = pipe.execute()
    if complete is None:
        return None
    ids = [int(member) for member in members]
    return ids[::-1] if page.min_id is not None else ids


def _build(account: Account) -> None:
    """Fill the feed of ``account`` from PostgreSQL.

    The building key stands before the query runs, so a status committed later finds it and is added by its
    own job; whoever drops the feed meanwhile takes the key, and what was read is thrown away.
    """
    redis, token = pubsub.connection(), secrets.token_hex(8)
    redis.set(_building_key(account.pk), token, ex=_BUILD_SECONDS)
    rows = feed_rows(account).filter(pk__in=_candidates(account))
    ids = rows.order_by("-pk").values_list("pk", flat=True)[:CAP]
    members = [_member(status_id) for status_id in ids]
    keys = [_key(account.pk), _building_key(account.pk)]
    finish = redis.register_script(_FINISH)
    finish(keys=keys, args=[token, CAP, int(KEPT.total_seconds()), *members])


def _candidates(account: Account) -> list[int]:
    """Return the latest statuses of each whom ``account`` follows, and its own: one short index scan each.

    Without this a feed of silent authors would read the whole table backwards.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES, {"account": account.pk, "each": CAP // 4, "most": CAP * 4})
        return [row[0] for row in cursor.fetchall()]


# Writing


def push(account_ids: Iterable[int], status_id: int) -> None:
    """Put a status into the feeds of these accounts that exist; harmless when repeated."""
    keys = [key for account_id in account_ids for key in (_key(account_id), _building_key(account_id))]
    if keys:
        script = pubsub.connection().register_script(_PUSH)
        script(keys=keys, args=[_member(status_id), CAP, int(KEPT.total_seconds())])


def drop(account_id: int) -> None:
    """Throw a feed away, because what its owner follows changed; the next reader gets a new one."""
    pubsub.connection().delete(_key(account_id), _building_key(account_id))
