"""Who may see which status: the one place that says so, and the only loader by an id that a client sent.

Called by every door and every operation that shows statuses. What a person does not want to see (mutes,
blocked domains) is a matter of taste and asked for separately, with `wanted_by`.
Source: API behaviours sections 8, 9 and 11.
"""

from collections.abc import Collection, Sequence
from functools import cache

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Account, Block, DomainBlock, Follow, Mute
from core.api.parameters import as_id
from core.errors import NotFound
from core.prepared import Prepared
from timelines.models import Mention, Quote, Status, StatusQuerySet

OPEN = (Status.Visibility.PUBLIC, Status.Visibility.UNLISTED)
_OWN = ""
_INNER = "reblog_of__"


def visible_to(statuses: StatusQuerySet, viewer: Account | None) -> StatusQuerySet:
    """Keep the statuses that ``viewer`` (None: anybody) may see; reblogs only with their originals."""
    return statuses.filter(visible("", viewer))


def visible(prefix: str, viewer: Account | None) -> Q:
    """Return the condition of `visible_to` for rows that lead to a status by ``prefix``, say ``status__``."""
    reblogs = Q(**{f"{prefix}reblog_of__isnull": True}) | _readable(f"{prefix}{_INNER}", viewer)
    return _readable(prefix, viewer) & reblogs


def _readable(prefix: str, viewer: Account | None) -> Q:
    if viewer is None:
        return _addressed_to(prefix, viewer)
    own = Q(**{f"{prefix}account": viewer})
    return _addressed_to(prefix, viewer) & (own | ~_blocked_either_way(prefix, viewer))


def readable_when_quoted(prefix: str, viewer: Account | None) -> Q:
    """Return the condition for a quoted status: blocks by ``viewer`` leave it there, for the app to fold."""
    if viewer is None:
        return _addressed_to(prefix, viewer)
    blocked_by = Block.objects.filter(target=viewer).values("account")
    return _addressed_to(prefix, viewer) & ~Q(**{f"{prefix}account__in": blocked_by})


def _addressed_to(prefix: str, viewer: Account | None) -> Q:
    kept = Q(**{f"{prefix}deleted_at__isnull": True, f"{prefix}account__suspended_at__isnull": True})
    audience = Q(**{f"{prefix}visibility__in": OPEN})
    if viewer is None:
        return kept & audience
    own = Q(**{f"{prefix}account": viewer})
    addressed = Mention.objects.filter(status=OuterRef(f"{prefix}pk"), account=viewer)
    follows = followed_by(viewer).filter(target=OuterRef(f"{prefix}account"))
    private = Q(**{f"{prefix}visibility": Status.Visibility.PRIVATE})
    return kept & (audience | own | Q(Exists(addressed)) | (private & Q(Exists(follows))))


def _blocked_either_way(prefix: str, viewer: Account) -> Q:
    blocks = Block.objects.filter(account=viewer).values("target")
    blocked_by = Block.objects.filter(target=viewer).values("account")
    return Q(**{f"{prefix}account__in": blocks}) | Q(**{f"{prefix}account__in": blocked_by})


def followed_by(viewer: Account) -> "QuerySet[Follow]":
    """Return the follows of ``viewer`` that hold."""
    return Follow.objects.accepted().filter(account=viewer)


def wanted_by(statuses: StatusQuerySet, viewer: Account | None) -> StatusQuerySet:
    """Leave out what ``viewer`` does not want to read: by muted people, from blocked domains, reblogs too."""
    if viewer is None:
        return statuses
    for prefix in (_OWN, _INNER):
        statuses = statuses.filter(Q(**{f"{prefix}account": viewer}) | ~_unwanted(prefix, viewer))
    return statuses


def _unwanted(prefix: str, viewer: Account) -> Q:
    muted = Mute.objects.active().filter(account=viewer).values("target")
    domains = DomainBlock.objects.filter(account=viewer, domain=OuterRef(f"{prefix}account__domain"))
    return Q(**{f"{prefix}account__in": muted}) | Q(Exists(domains))


def shown_in_public(status: Status, account_ids: Collection[int]) -> set[int]:
    """Return those of these accounts that a public status is shown to: `visible_to` and `wanted_by`, asked of
    many viewers in one query. What it quotes comes along, so that counts like its author.
    """
    if not account_ids:
        return set()
    quoted = Quote.objects.filter(status=status, quoted__isnull=False).values("quoted__account")
    authors = Account.objects.filter(Q(pk=status.account_id) | Q(pk__in=quoted))
    this = OuterRef("pk")
    domains = authors.filter(domain__isnull=False).values("domain")
    hidden = (
        Q(Exists(Block.objects.filter(account=this, target__in=authors.values("pk"))))
        | Q(Exists(Block.objects.filter(target=this, account__in=authors.values("pk"))))
        | Q(Exists(Mute.objects.active().filter(account=this, target__in=authors.values("pk"))))
        | Q(Exists(DomainBlock.objects.filter(account=this, domain__in=domains)))
    )
    viewers = Account.objects.available().filter(Q(pk=status.account_id) | ~hidden, pk__in=account_ids)
    return set(viewers.values_list("pk", flat=True))


def can_see(viewer: Account | None, status: Status) -> bool:
    """Return whether ``viewer`` may see this status."""
    return visible_to(Status.objects.filter(pk=status.pk), viewer).exists()


def get_visible_status(viewer: Account | None, status_id: object) -> Status:
    """Return the status of this id, a number or what a client sent for one, with its account and original.

    Raises NotFound when it is unknown or ``viewer`` may not see it: nobody learns which.
    """
    values = {} if viewer is None else {"viewer": viewer.pk}
    found = _one_visible(viewer is None).rows(status=as_id(status_id) or 0, **values)
    if not found:
        raise NotFound()
    return found[0]


@cache
def _one_visible(to_anybody: bool) -> "Prepared[Status]":
    def build(status: int, viewer: int | None = None) -> StatusQuerySet:
        rows = Status.objects.filter(pk=status).select_related("account", "reblog_of__account")
        return visible_to(rows, None if viewer is None else Account(pk=viewer))

    return Prepared(build, status=int, **({} if to_anybody else {"viewer": int}))


def get_own_status(account: Account, status_id: object) -> Status:
    """Return a status of ``account`` itself. Raises NotFound for every other id."""
    rows = Status.objects.kept().filter(pk=as_id(status_id) or 0, account=account)
    status = rows.select_related("account", "reblog_of__account").first()
    if status is None:
        raise NotFound()
    return status


def visible_accounts(accounts: "QuerySet[Account]", viewer: Account | None) -> "QuerySet[Account]":
    """Leave out the suspended, and for ``viewer`` those blocked either way or muted."""
    accounts = accounts.filter(suspended_at__isnull=True)
    if viewer is None:
        return accounts
    hidden = (
        Q(pk__in=Block.objects.filter(account=viewer).values("target"))
        | Q(pk__in=Block.objects.filter(target=viewer).values("account"))
        | Q(pk__in=Mute.objects.active().filter(account=viewer).values("target"))
    )
    return accounts.exclude(hidden)


def load_visible_statuses(viewer: Account | None, ids: Sequence[int]) -> list[Status]:
    """Return those of these statuses that ``viewer`` may see, in this order."""
    found = visible_to(Status.objects.filter(pk__in=ids), viewer).in_bulk()
    return [found[status_id] for status_id in ids if status_id in found]
