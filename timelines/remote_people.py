"""The people whom a remote post names or addresses.

Called by timelines/remote.py and timelines/inbox.py. Source: contract of the federation 3.6.
"""

import logging
from dataclasses import dataclass, field

from django.conf import settings

from accounts.actors import BadActor
from accounts.models import Account, Follow
from accounts.remote import account_from_uri
from accounts.resolve import find_by_handles, resolve_handle
from core.errors import AppError
from core.hosts import host_of, same_host
from federation.fetch import BadDocument
from federation.local import is_local_uri
from federation.vocab import PUBLIC, Activity, addressed
from timelines.documents import MentionTag, NoteValues
from timelines.visibility import OPEN

log = logging.getLogger(__name__)

MAX_NEW_PEOPLE = 5


@dataclass(frozen=True, slots=True)
class People:
    """The accounts that a post names, and those that it is addressed to without naming them."""

    mentioned: list[Account] = field(default_factory=list)
    silent: list[Account] = field(default_factory=list)


def find_people(values: NoteValues, author: Account, recipient: Account | None = None) -> People:
    """Return whom a post names and addresses. A few unknown actors are fetched, the others left out.

    ``recipient`` owns the personal inbox that it came to. Uses the network.
    """
    is_open = values.visibility(author.followers_url) in OPEN
    if is_open and not values.mentions:
        return People([], [])
    known = _find_known(values)
    mentioned: dict[int, Account] = {}
    unknown_left = MAX_NEW_PEOPLE
    for mention in values.mentions:
        account = known.get(mention.href)
        if account is None and unknown_left:
            unknown_left -= 1
            account = _find_named(mention)
        # Who is named but not addressed must not gain access by it.
        if account is not None and (is_open or account.uri in values.recipients):
            mentioned[account.pk] = account
    addressed = [] if is_open else [known[uri] for uri in values.recipients if uri in known]
    silent = {account.pk: account for account in addressed}
    if recipient is not None and not is_open and not _follows(recipient, author):
        silent[recipient.pk] = recipient
    named = {author.pk, *mentioned}
    return People(list(mentioned.values()), [account for pk, account in silent.items() if pk not in named])


def find_reader(activity: Activity, sender: Account) -> str | None:
    """Return the actor of ours in whose name one asks for what an activity names by its id alone.

    None stands for the server itself, which may see what is for everybody. Source: contract 2.1.
    """
    audience = addressed(activity.document)
    if PUBLIC in (*audience.to, *audience.cc):
        return None
    readers = Account.objects.local().available()
    followers = Follow.objects.accepted().filter(target=sender).values("account")
    owner = readers.filter(uri=activity.recipient_uri).first()
    reader = owner or readers.filter(pk__in=followers).order_by("pk").first()
    return reader.uri if reader is not None else None


def _find_known(values: NoteValues) -> dict[str, Account]:
    """Return whom we know by the id that the post gives, or by the page and handle that some give instead."""
    uris = {*values.recipients, *(mention.href for mention in values.mentions)}
    found = {account.uri: account for account in Account.objects.filter(uri__in=uris)}
    handles = {_handle(mention): mention.href for mention in values.mentions if mention.href not in found}
    for handle, account in find_by_handles(handles).items():
        if account.url == handles[handle]:
            found[account.url] = account
    return found


def _handle(mention: MentionTag) -> tuple[str, str | None]:
    username, _, domain = mention.name.removeprefix("@").partition("@")
    return username, domain or host_of(mention.href)


def find_local_account(url: str) -> Account | None:
    """Return the account of ours that an actor id or the address of a profile page names."""
    name = url.removeprefix(f"{settings.BASE_URL}/@")
    if name != url:
        return Account.objects.with_handle(name, None).first()
    return Account.objects.local().filter(uri=url).first()


def _find_named(mention: MentionTag) -> Account | None:
    try:
        if is_local_uri(mention.href):
            return find_local_account(mention.href)
        return _fetch_named(mention)
    except AppError as error:
        log.info("mention_not_resolved", extra={"uri": mention.href, "cause": str(error)})
        return None


def _fetch_named(mention: MentionTag) -> Account:
    """Return whom a tag names by an actor's id; by its name when that is no actor, but on the same host."""
    try:
        return account_from_uri(mention.href)
    except (BadActor, BadDocument):
        account = resolve_handle(mention.name)
        if not same_host(account.uri, mention.href):
            raise
        return account


def _follows(account: Account, target: Account) -> bool:
    return Follow.objects.accepted().filter(account=account, target=target).exists()
