"""Other servers: whether we speak with them at all, and how they have been doing.

Called by inbox (policy), delivery (availability, breaker) and moderation (policy). Source: contract §4.6.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.core.cache import cache
from django.db import transaction
from django.db.models import Q, QuerySet

from core.prepared import fetch
from federation.models import Delivery, DomainPolicy, Peer
from federation.signatures.outgoing import Scheme

UNAVAILABLE_AFTER_DAYS = 7
# Only the recent past counts; a day older than this is forgotten.
FAILURE_MEMORY = timedelta(days=60)
BREAKER_FAILURES = 10
BREAKER_PAUSE = timedelta(seconds=60)
BREAKER_MAX_DOUBLINGS = 5
SCHEME_MEMORY = timedelta(days=30)
# To a host that answered well the last time.
PER_HOST_AT_ONCE = 4
_SUCCESS_NOTED_EVERY = timedelta(hours=1)
_HEARD_SECONDS = 60
_FAILURE_FIELDS = ["consecutive_failures", "failure_days", "unavailable_since", "paused_until"]


class Standing(NamedTuple):
    """How to deliver to a host: so many at once, signed in this scheme."""

    at_once: int
    scheme: Scheme


_SEVERITY = """
SELECT severity FROM federation_domainpolicy WHERE domain = ANY(%s) ORDER BY length(domain) DESC LIMIT 1
"""


def policy_for(host: str) -> DomainPolicy | None:
    """Return what staff decided about a host; the decision about the nearest domain above it counts."""
    policies = DomainPolicy.objects.filter(domain__in=domains_above(host))
    return max(policies, key=lambda policy: len(policy.domain), default=None)


def domains_above(host: str) -> list[str]:
    """Return a host and all domains that a decision about it may be made for."""
    labels = host.partition(":")[0].split(".")
    return [host, *(".".join(labels[start:]) for start in range(len(labels)))]


def is_blocked(host: str) -> bool:
    """Tell whether staff decided not to speak with a host."""
    return fetch(_SEVERITY, [domains_above(host)]) == [(DomainPolicy.Severity.SUSPEND.value,)]


def blocked_among(hosts: set[str]) -> set[str]:
    """Return those of many hosts that are blocked, in one query."""
    domains = set(
        DomainPolicy.objects.filter(severity=DomainPolicy.Severity.SUSPEND).values_list("domain", flat=True)
    )
    return {host for host in hosts if not domains.isdisjoint(domains_above(host)) and is_blocked(host)}


def troubled_among(hosts: set[str]) -> dict[str, datetime | None]:
    """Return until when those of many hosts are left alone that failed lately; None for what failed on seven
    different days and was not heard of since. One query.
    """
    troubled = Peer.objects.filter(
        Q(unavailable_since__isnull=False) | Q(paused_until__isnull=False), domain__any=hosts
    ).values_list("domain", "unavailable_since", "paused_until")
    return {domain: until if since is None else None for domain, since, until in troubled}


def note_success(hosts: Iterable[str], now: datetime) -> None:
    """Remember that hosts are alive: a delivery arrived there, or a signed request came from there.

    Clears every failure, and what had to wait for the host is due. Changes a row at most once an hour while
    all is well.
    """
    # In order, here and below: two processes that note the same hosts must not wait in a circle.
    wanted = sorted(hosts)
    known = {peer.domain: peer for peer in Peer.objects.filter(domain__any=wanted)}
    strange = [Peer(domain=host, last_success_at=now) for host in wanted if host not in known]
    Peer.objects.bulk_create(strange, ignore_conflicts=True)
    changed = [peer.domain for peer in known.values() if _is_news(peer, now)]
    if not changed:
        return
    with transaction.atomic():
        revived = [
            peer.domain for peer in _locked_peers(changed) if peer.consecutive_failures >= BREAKER_FAILURES
        ]
        Peer.objects.filter(domain__any=changed).update(
            consecutive_failures=0,
            failure_days=[],
            unavailable_since=None,
            paused_until=None,
            last_success_at=now,
        )
        _queued(revived, now).filter(next_attempt_at__gt=now).update(next_attempt_at=now)


def _is_news(peer: Peer, now: datetime) -> bool:
    return (
        peer.last_success_at is None
        or peer.last_success_at < now - _SUCCESS_NOTED_EVERY
        or bool(peer.consecutive_failures or peer.failure_days)
        or (peer.unavailable_since or peer.paused_until) is not None
    )


def note_heard_of(host: str, now: datetime) -> None:
    """Remember that a signed request came from a host; as `note_success`, but cheap when it sends a lot."""
    if cache.add(_heard_key(host), 1, _HEARD_SECONDS):
        note_success([host], now)


def note_failures(failures: Mapping[str, int], now: datetime) -> None:
    """Remember how often hosts could not be delivered to just now.

    Ten failures in a row pause a host for a minute, then ever longer up to half an hour. Failures on seven
    different days make it unavailable until it is heard of again: what is owed to it is dead.
    """
    if not failures:
        return
    cache.delete_many([_heard_key(host) for host in failures])
    hosts = sorted(failures)
    Peer.objects.bulk_create([Peer(domain=host) for host in hosts], ignore_conflicts=True)
    with transaction.atomic():
        peers = _locked_peers(hosts)
        for peer in peers:
            _add_failures(peer, failures[peer.domain], now)
        Peer.objects.bulk_update(peers, _FAILURE_FIELDS)
        for peer in peers:
            if peer.paused_until is not None and peer.paused_until > now:
                _hold_back(peer.domain, peer.paused_until, now)
        _queued([peer.domain for peer in peers if peer.unavailable_since == now], now).update(
            state=Delivery.State.DEAD, last_error="the host failed on seven days"
        )


def _add_failures(peer: Peer, number: int, now: datetime) -> None:
    peer.consecutive_failures += number
    oldest = now.date() - FAILURE_MEMORY
    peer.failure_days = sorted({day for day in peer.failure_days if day >= oldest} | {now.date()})
    if len(peer.failure_days) >= UNAVAILABLE_AFTER_DAYS and peer.unavailable_since is None:
        peer.unavailable_since = now
    over = peer.consecutive_failures - BREAKER_FAILURES
    if over >= 0:
        peer.paused_until = now + BREAKER_PAUSE * 2 ** min(over, BREAKER_MAX_DOUBLINGS)


def pause(host: str, until: datetime, now: datetime) -> None:
    """Leave a host alone for a while because it asked for it (Retry-After)."""
    Peer.objects.bulk_create([Peer(domain=host)], ignore_conflicts=True)
    Peer.objects.filter(Q(paused_until__isnull=True) | Q(paused_until__lt=until), domain=host).update(
        paused_until=until
    )
    with transaction.atomic():
        _hold_back(host, until, now)


def reset(host: str, now: datetime) -> int:
    """Forget all failures of a host and try again what is owed to it; returns how much that is."""
    Peer.objects.filter(domain=host).update(
        consecutive_failures=0, failure_days=[], unavailable_since=None, paused_until=None
    )
    with transaction.atomic():
        return _queued([host], now).update(next_attempt_at=now)


def block(domain: str, comment: str) -> int:
    """Speak no more with a domain and those below it; returns how many deliveries are dropped for that."""
    with transaction.atomic():
        DomainPolicy.objects.update_or_create(
            domain=domain,
            defaults={"severity": DomainPolicy.Severity.SUSPEND, "private_comment": comment},
        )
        owed = Delivery.objects.filter(Q(host=domain) | Q(host__endswith=f".{domain}"))
        return owed.delete()[0]


def forget_failures(now: datetime) -> None:
    """Forget bad days that count no more; of hosts that never answered, and are not given up, nothing stays.

    Otherwise names that somebody makes up by the thousand would stay for ever.
    """
    oldest = now.date() - FAILURE_MEMORY
    old = Peer.objects.filter(unavailable_since__isnull=True).exclude(failure_days=[])
    old = old.exclude(failure_days__overlap=_days_since(oldest, now.date()))
    old.filter(last_success_at__isnull=True).delete()
    old.update(failure_days=[], consecutive_failures=0, paused_until=None)


def _days_since(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _locked_peers(hosts: Sequence[str]) -> list[Peer]:
    return list(Peer.objects.select_for_update().filter(domain__any=hosts).order_by("domain"))


def _hold_back(host: str, until: datetime, now: datetime) -> None:
    """Let what is owed to a paused host not be due, so that nobody has to look at it again and again."""
    _queued([host], now).filter(next_attempt_at__lt=until).update(next_attempt_at=until)


def _queued(hosts: Sequence[str], now: datetime) -> QuerySet[Delivery]:
    """Return what is owed to hosts and in nobody's hands."""
    free = Delivery.objects.select_for_update(skip_locked=True).filter(
        Q(claimed_until__isnull=True) | Q(claimed_until__lt=now),
        host__any=hosts,
        state=Delivery.State.QUEUED,
    )
    return Delivery.objects.filter(pk__in=free.values("pk"))


def schemes_for(hosts: Collection[str], now: datetime) -> dict[str, Scheme]:
    """Return how to sign for each of many hosts, in one query: draft-cavage unless the other one worked there
    within the last thirty days.
    """
    return {host: standing.scheme for host, standing in standings(hosts, now).items()}


def standings(hosts: Collection[str], now: datetime) -> dict[str, Standing]:
    """Return how to deliver to each of many hosts, in one query; a strange one gets one at a time."""
    found = dict.fromkeys(hosts, Standing(1, Scheme.CAVAGE))
    rows = Peer.objects.filter(domain__any=hosts).values_list(
        "domain", "last_success_at", "consecutive_failures", "signature_scheme", "scheme_noted_at"
    )
    for host, success_at, failures, scheme, noted_at in rows:
        found[host] = Standing(
            PER_HOST_AT_ONCE if success_at is not None and not failures else 1,
            Scheme(scheme) if noted_at is not None and noted_at > now - SCHEME_MEMORY else Scheme.CAVAGE,
        )
    return found


def note_scheme(host: str, scheme: Scheme, now: datetime) -> None:
    """Remember that a host took a second knock in this scheme after it had refused the other."""
    Peer.objects.bulk_create([Peer(domain=host)], ignore_conflicts=True)
    Peer.objects.filter(domain=host).update(signature_scheme=scheme, scheme_noted_at=now)


def _heard_key(host: str) -> str:
    return f"federation:heard:{host}"
