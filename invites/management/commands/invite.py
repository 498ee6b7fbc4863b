"""`manage.py invite issue|list|revoke`: invitation links from a terminal or a script, without prompts."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.errors import NotFound, Unprocessable
from invites.links import issue_link, link_url, list_links, revoke_link


class Command(BaseCommand):
    """Make, list and withdraw invitation links."""

    help = "Make (issue), list or withdraw (revoke) invitation links."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        issue = actions.add_parser("issue", help="make a link and show it; it cannot be shown again")
        issue.add_argument("--uses", type=int, default=1, help="for how many people (1-500, default 1)")
        issue.add_argument("--days", type=int, default=14, help="valid for how many days (1-90, default 14)")
        issue.add_argument("--comment", default="", help="for whom it is; only staff can read it")
        revoke = actions.add_parser("revoke", help="withdraw a link at once")
        revoke.add_argument("id", type=int, help="the number that issue and list show")
        for action in (
            issue,
            actions.add_parser("list", help="show all links, without their secrets"),
            revoke,
        ):
            action.add_argument("--json", action="store_true", help="answer with JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        action = {"issue": self._issue, "list": self._list, "revoke": self._revoke}[options["action"]]
        try:
            rows = action(options)
        except Unprocessable as refused:
            faults = [
                f"{name}: {f['description']}"
                for name, found in (refused.details or {}).items()
                for f in found
            ]
            raise CommandError("; ".join(faults)) from refused
        except NotFound as error:
            raise CommandError("There is no invitation with this number.") from error
        if options["json"]:
            self.stdout.write(json.dumps(rows if options["action"] == "list" else rows[0]))
        else:
            for row in rows:
                self.stdout.write("  ".join(f"{name}={value}" for name, value in row.items()))

    def _issue(self, options: dict[str, Any]) -> list[dict[str, Any]]:
        invite, token = issue_link(
            issued_by=None,
            max_uses=options["uses"],
            valid_days=options["days"],
            comment=options["comment"],
            now=timezone.now(),
        )
        return [
            {
                "url": link_url(token),
                "id": str(invite.pk),
                "max_uses": invite.max_uses,
                "expires_at": invite.expires_at.isoformat(timespec="seconds"),
            }
        ]

    def _list(self, options: dict[str, Any]) -> list[dict[str, Any]]:
        now = timezone.now()
        links: Any = list_links()
        return [
            {
                "id": str(invite.pk),
                "state": str(invite.state_at(now, invite.completed + invite.reserved)),
                "max_uses": invite.max_uses,
                "completed": invite.completed,
                "reserved": invite.reserved,
                "expires_at": invite.expires_at.isoformat(timespec="seconds"),
                "comment": invite.comment,
            }
            for invite in links
        ]

    def _revoke(self, options: dict[str, Any]) -> list[dict[str, Any]]:
        invite = revoke_link(options["id"], now=timezone.now())
        return [{"id": str(invite.pk), "state": "revoked"}]
