"""manage.py federation inbox|deliveries list|show|retry|drop, federation fetch URL: see and mend what did not
go through."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet

from federation import delivery, inbox_queue
from federation.explain import Verdict, explain
from federation.models import Delivery, InboxItem

Rows = QuerySet[InboxItem] | QuerySet[Delivery]


class Command(BaseCommand):
    """For administrators: what is dead is kept with its reason until somebody decides."""

    help = "Lists, retries or drops received activities and owed deliveries; explains what fetching brings."

    def add_arguments(self, parser: CommandParser) -> None:
        kinds = parser.add_subparsers(dest="kind", required=True)
        fetch = kinds.add_parser("fetch", help="tell step by step what is fetched, verified and refused")
        fetch.add_argument("url", help="of an account, a post, or the page about one; nothing is stored")
        fetch.add_argument("--json", action="store_true", help="one JSON object per line")
        for kind in ("inbox", "deliveries"):
            actions = kinds.add_parser(kind).add_subparsers(dest="action", required=True)
            for action in ("list", "show", "retry", "drop"):
                chosen = actions.add_parser(action)
                chosen.add_argument("--id", type=int, action="append", help="only this one (may be repeated)")
                chosen.add_argument("--host", help="only what came from or goes to this host")
                if action == "list":
                    chosen.add_argument("--state", default="dead", choices=["queued", "dead"])
                    chosen.add_argument("--limit", type=int, default=100)
                chosen.add_argument("--json", action="store_true", help="one JSON object per line")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["kind"] == "fetch":
            self._fetch(options["url"], as_json=options["json"])
            return
        rows = self._rows(options)
        if options["action"] == "list":
            for row in rows[: options["limit"]]:
                self._print(_summary(row), as_json=options["json"])
            return
        if options["action"] == "show":
            for row in rows:
                body = row.body if isinstance(row, InboxItem) else bytes(row.activity.body).decode()
                self._print({**_summary(row), "body": body}, as_json=options["json"])
            return
        if options["action"] == "drop" and not (options["id"] or options["host"]):
            raise CommandError("Say which ones to drop: --id or --host.")
        actions = {
            ("inbox", "retry"): inbox_queue.retry_dead,
            ("inbox", "drop"): inbox_queue.drop_dead,
            ("deliveries", "retry"): delivery.retry_dead,
            ("deliveries", "drop"): delivery.drop_dead,
        }
        count = actions[options["kind"], options["action"]](list(rows.values_list("pk", flat=True)))
        self.stdout.write(json.dumps({"count": count}) if options["json"] else f"{count} done.")

    def _fetch(self, url: str, *, as_json: bool) -> None:
        def tell(verdict: Verdict, text: str) -> None:
            self._print({"verdict": verdict, "text": text}, as_json=as_json)

        if not explain(url, tell):
            raise CommandError("We would not take this in.")
        self._print({"verdict": "accepted", "text": url}, as_json=as_json)

    def _rows(self, options: dict[str, Any]) -> Rows:
        rows: Rows
        if options["kind"] == "inbox":
            rows = InboxItem.objects.order_by("id")
        else:
            rows = Delivery.objects.select_related("activity").order_by("id")
        rows = rows.filter(state=options.get("state", "dead"))
        if options["id"]:
            rows = rows.filter(pk__in=options["id"])
        if options["host"]:
            rows = rows.filter(host=options["host"])
        return rows

    def _print(self, shown: dict[str, Any], *, as_json: bool) -> None:
        line = json.dumps(shown) if as_json else "  ".join(str(value) for value in shown.values())
        self.stdout.write(line)


def _summary(row: InboxItem | Delivery) -> dict[str, Any]:
    if isinstance(row, InboxItem):
        kind, name, other = row.activity_type, row.activity_id, row.actor_uri
    else:
        kind, name, other = row.activity.activity_type, row.activity.activity_id, row.inbox_url
    return {
        "id": row.pk,
        "type": kind,
        "activity": name,
        "peer": other,
        "attempts": row.attempts,
        "next_attempt_at": row.next_attempt_at.isoformat(),
        "reason": row.last_error,
    }
