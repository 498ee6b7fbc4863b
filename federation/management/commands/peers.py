"""manage.py peers list|show|reset|block|unblock: how other servers are doing, and with whom we speak."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q, QuerySet
from django.utils import timezone

from core.hosts import normalise_host
from federation import peers
from federation.models import Delivery, DomainPolicy, Peer

_SHOWN_REASONS = 10


class Command(BaseCommand):
    """For administrators; a host is a name, with its port when that is not the usual one."""

    help = "Shows other servers and how they are doing, forgets failures, blocks and unblocks domains."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        listed = actions.add_parser("list", help="all, or those that something is wrong with")
        listed.add_argument("--failing", action="store_true", help="only where nothing arrived the last time")
        listed.add_argument("--unavailable", action="store_true", help="only those that are given up")
        listed.add_argument("--limit", type=int, default=100)
        for action, told in (
            ("show", "one host, with what is owed to it and why it did not arrive"),
            ("reset", "forget its failures and try it again, also when it was given up"),
            ("block", "speak with a domain and its subdomains no more"),
            ("unblock", "take that back"),
        ):
            actions.add_parser(action, help=told).add_argument("host")
        actions.choices["block"].add_argument("--comment", default="", help="why; not shown to anybody")
        for chosen in actions.choices.values():
            chosen.add_argument("--json", action="store_true", help="one JSON object per line")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "list":
            for peer in _listed(options)[: options["limit"]]:
                self._print(_summary(peer), as_json=options["json"])
            return
        try:
            host = normalise_host(options["host"])
        except ValueError as error:
            raise CommandError(str(error)) from error
        act = {"show": _show, "reset": _reset, "block": _block, "unblock": _unblock}[options["action"]]
        self._print(act(host, options), as_json=options["json"])

    def _print(self, shown: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(shown))
        else:
            self.stdout.write("  ".join(f"{name}: {value}" for name, value in shown.items() if value))


def _listed(options: dict[str, Any]) -> QuerySet[Peer]:
    found = Peer.objects.order_by("domain")
    if options["failing"]:
        found = found.filter(Q(consecutive_failures__gt=0) | Q(unavailable_since__isnull=False))
    if options["unavailable"]:
        found = found.filter(unavailable_since__isnull=False)
    return found


def _summary(peer: Peer) -> dict[str, Any]:
    moments = ("last_success_at", "paused_until", "unavailable_since")
    return {
        "host": peer.domain,
        "failures": peer.consecutive_failures,
        "bad_days": [day.isoformat() for day in peer.failure_days],
        **{name: value.isoformat() if (value := getattr(peer, name)) else "" for name in moments},
    }


def _show(host: str, options: dict[str, Any]) -> dict[str, Any]:
    peer, policy = Peer.objects.filter(domain=host).first(), peers.policy_for(host)
    owed = Delivery.objects.filter(host=host)
    if peer is None and policy is None and not owed.exists():
        raise CommandError(f"Nothing is known about {host}.")
    reasons = owed.exclude(last_error="").order_by("-id").values_list("last_error", flat=True)
    return {
        **_summary(peer or Peer(domain=host)),
        "policy": policy.severity if policy else "",
        "signature_scheme": peer.signature_scheme if peer else "",
        "queued": owed.filter(state=Delivery.State.QUEUED).count(),
        "dead": owed.filter(state=Delivery.State.DEAD).count(),
        "reasons": list(dict.fromkeys(reasons[:_SHOWN_REASONS])),
    }


def _reset(host: str, options: dict[str, Any]) -> dict[str, Any]:
    if not Peer.objects.filter(domain=host).exists():
        raise CommandError(f"{host} is not known.")
    return {"host": host, "retried": peers.reset(host, timezone.now())}


def _block(host: str, options: dict[str, Any]) -> dict[str, Any]:
    return {"host": host, "dropped": peers.block(host, options["comment"])}


def _unblock(host: str, options: dict[str, Any]) -> dict[str, Any]:
    removed, _ = DomainPolicy.objects.filter(domain=host).delete()
    if not removed:
        raise CommandError(f"{host} is not blocked.")
    return {"host": host}
