"""From text as typed to what it says: HTML, mentioned accounts, hashtags.

Called by timelines/statuses.py and timelines/edits.py before their transactions, because an unknown handle is
looked up at its server.
"""

import logging
import time
from dataclasses import dataclass

from accounts.documents import tag_url
from accounts.models import Account, Block
from accounts.resolve import find_by_handles, resolve_handle
from core.errors import NotFound, RemoteUnreachable
from core.text import (
    MentionLink,
    find_hashtags,
    find_mentions,
    mention_key,
    normalise_tag,
    prose_of_markdown,
    render_markdown,
    render_plain,
)
from timelines.models import Status, Tag

# The author waits while handles are looked up, so a post cannot ask for many slow servers.
MAX_LOOKUPS = 10
LOOKUP_BUDGET_SECONDS = 20.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Content:
    """A text with what it means. ``tags`` maps normalised names to how they were typed."""

    html: str
    mentioned: list[Account]
    tags: dict[str, str]


def read_content(author: Account, text: str, content_type: str = Status.ContentType.PLAIN) -> Content:
    """Return HTML, mentioned accounts and hashtags of a text; a handle that cannot be resolved stays text.

    May use the network: call it outside transactions.
    """
    is_markdown = content_type == Status.ContentType.MARKDOWN
    prose = prose_of_markdown(text) if is_markdown else text
    mentions = _resolve_mentions(author, prose)
    links = {
        key: MentionLink(account.url or account.uri, account.username, account.domain)
        for key, account in mentions.items()
    }
    render = render_markdown if is_markdown else render_plain
    html = render(text, mentions=links, tag_url=tag_url)
    mentioned = list({account.pk: account for account in mentions.values()}.values())
    tags = {normalise_tag(name): name for name in reversed(find_hashtags(prose))}
    tags.pop("", None)
    return Content(html, mentioned, dict(reversed(tags.items())))


def _resolve_mentions(author: Account, text: str) -> dict[str, Account]:
    found: dict[str, Account] = {}
    lookups, deadline = MAX_LOOKUPS, time.monotonic() + LOOKUP_BUDGET_SECONDS
    handles = find_mentions(text)
    known = find_by_handles(handles)
    for username, domain in handles:
        account = known.get((username, domain))
        if account is None and domain is not None and lookups > 0 and time.monotonic() < deadline:
            lookups -= 1
            account = _look_up(username, domain)
        if account is not None and account.suspended_at is None:
            found[mention_key(username, domain)] = account
    strangers = _blocked_either_way(author, [account.pk for account in found.values()])
    return {key: account for key, account in found.items() if account.pk not in strangers}


def _look_up(username: str, domain: str) -> Account | None:
    try:
        return resolve_handle(f"{username}@{domain}")
    except (NotFound, RemoteUnreachable) as error:
        log.info("mention_not_resolved", extra={"domain": domain, "cause": str(error)})
        return None


def _blocked_either_way(author: Account, ids: list[int]) -> set[int]:
    blocking = Block.objects.filter(account=author, target__in=ids).values_list("target", flat=True)
    blocked_by = Block.objects.filter(target=author, account__in=ids).values_list("account", flat=True)
    return set(blocking.union(blocked_by))


def store_tags(tags: dict[str, str]) -> list[Tag]:
    """Return the rows of these hashtags (normalised name → as typed), made where they are missing."""
    names = sorted(tags)
    found = {tag.name: tag for tag in Tag.objects.filter(name__in=names)}
    missing = [name for name in names if name not in found]
    if missing:
        Tag.objects.bulk_create(
            [Tag(name=name, display_name=tags[name]) for name in missing], ignore_conflicts=True
        )
        # Asked for, since a row that meets a conflict does not bring its id along.
        found |= {tag.name: tag for tag in Tag.objects.filter(name__in=missing)}
    return [found[name] for name in names]
