"""Other servers: whether we speak with them at all, and how they have been doing.

Called by inbox (policy), delivery (availability, breaker) and moderation (policy). Source: contract §4.6.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db.models import F, Q

from federation.models import DomainPolicy, Peer
from federation.signatures.outgoing import Scheme

UNAVAILABLE_AFTER_DAYS = 7
# Only the recent past counts; a day older than this is forgotten.
FAILURE_MEMORY_DAYS = 60
BREAKER_FAILURES = 10
BREAKER_PAUSE = timedelta(seconds=60)
BREAKER_MAX_DOUBLINGS = 5
SCHEME_MEMORY = timedelta(days=30)
_SUCCESS_NOTED_EVERY = timedelta(hours=1)
_HEARD_SECONDS = 60


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
    policy = policy_for(host)
    return policy is not None and policy.severity == DomainPolicy.Severity.SUSPEND


def blocked_among(hosts: set[str]) -> set[str]:
    """Return those of many hosts that are blocked, in one query."""
    domains = set(
        DomainPolicy.objects.filter(severity=DomainPolicy.Severity.SUSPEND).values_list("domain", flat=True)
    )
    return {host for host in hosts if domains and _has_suffix_in(host, domains) and is_blocked(host)}


def unavailable_among(hosts: set[str]) -> set[str]:
    """Return those of many hosts that failed on seven different days and nothing came from since."""
    return set(
        Peer.objects.filter(domain__in=hosts, unavailable_since__isnull=False).values_list(
            "domain", flat=True
        )
    )


def note_success(hosts: Iterable[str], now: datetime) -> None:
    """Remember that hosts are alive: a delivery arrived there, or a signed request came from there.

    Clears every failure. Changes a row at most once an hour while all is well.
    """
    # In order: two processes that note the same hosts must not wait for each other in a circle.
    domains = sorted(hosts)
    Peer.objects.bulk_create(
        [Peer(domain=domain, last_success_at=now) for domain in domains], ignore_conflicts=True
    )
    Peer.objects.filter(
        Q(consecutive_failures__gt=0)
        | Q(unavailable_since__isnull=False)
        | Q(paused_until__isnull=False)
        | ~Q(failure_days=[])
        | Q(last_success_at__isnull=True)
        | Q(last_success_at__lt=now - _SUCCESS_NOTED_EVERY),
        domain__in=domains,
    ).update(
        consecutive_failures=0,
        unavailable_since=None,
        paused_until=None,
        failure_days=[],
        last_success_at=now,
    )


def note_heard_of(host: str, now: datetime) -> None:
    """Remember that a signed request came from a host; as `note_success`, but cheap when it sends a lot."""
    if cache.add(_heard_key(host), 1, _HEARD_SECONDS):
        note_success([host], now)


def note_failure(host: str, now: datetime) -> None:
    """Remember that a host could not be delivered to.

    Ten failures in a row pause it for a minute, then ever longer up to half an hour; failures on seven
    different days make it unavailable until it is heard of again.
    """
    cache.delete(_heard_key(host))
    Peer.objects.bulk_create([Peer(domain=host)], ignore_conflicts=True)
    Peer.objects.filter(domain=host).update(consecutive_failures=F("consecutive_failures") + 1)
    peer = Peer.objects.get(domain=host)
    oldest = now.date() - timedelta(days=FAILURE_MEMORY_DAYS)
    days = sorted({day for day in peer.failure_days if day >= oldest} | {now.date()})
    changes: dict[str, object] = {"failure_days": days}
    if len(days) >= UNAVAILABLE_AFTER_DAYS and peer.unavailable_since is None:
        changes["unavailable_since"] = now
    over = peer.consecutive_failures - BREAKER_FAILURES
    if over >= 0:
        changes["paused_until"] = now + BREAKER_PAUSE * 2 ** min(over, BREAKER_MAX_DOUBLINGS)
    Peer.objects.filter(domain=host).update(**changes)


def pause(host: str, until: datetime) -> None:
    """Leave a host alone for a while because it asked for it (Retry-After)."""
    Peer.objects.bulk_create([Peer(domain=host)], ignore_conflicts=True)
    Peer.objects.filter(Q(paused_until__isnull=True) | Q(paused_until__lt=until), domain=host).update(
        paused_until=until
    )


def schemes_for(hosts: Iterable[str], now: datetime) -> dict[str, Scheme]:
    """Return how to sign for each of many hosts, in one query: draft-cavage unless the other one worked there
    within the last thirty days.
    """
    wanted = set(hosts)
    noted = Peer.objects.filter(domain__in=wanted, scheme_noted_at__gt=now - SCHEME_MEMORY)
    known = dict(noted.values_list("domain", "signature_scheme"))
    return {host: Scheme(known.get(host, Scheme.CAVAGE)) for host in wanted}


def note_scheme(host: str, scheme: Scheme, now: datetime) -> None:
    """Remember that a host took a second knock in this scheme after it had refused the other."""
    Peer.objects.bulk_create([Peer(domain=host)], ignore_conflicts=True)
    Peer.objects.filter(domain=host).update(signature_scheme=scheme, scheme_noted_at=now)


def _heard_key(host: str) -> str:
    return f"federation:heard:{host}"


def _has_suffix_in(host: str, domains: set[str]) -> bool:
    name = host.partition(":")[0]
    return host in domains or any(name == domain or name.endswith(f".{domain}") for domain in domains)
