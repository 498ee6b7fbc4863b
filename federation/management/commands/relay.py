"""manage.py relay add|list|remove: which relays pass public posts on to us and ours to others."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import AppError
from federation.models import Relay
from federation.relays import add_relay, remove_relay


class Command(BaseCommand):
    """For administrators; a relay that was added counts once it has answered."""

    help = "Adds, lists or removes relays."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for action in ("add", "remove"):
            actions.add_parser(action).add_argument("inbox", help="https://relay.example/inbox")
        listed = actions.add_parser("list")
        listed.add_argument("--json", action="store_true", help="one JSON object per line")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "list":
            self._list(as_json=options["json"])
            return
        act = {"add": add_relay, "remove": remove_relay}[options["action"]]
        try:
            act(options["inbox"])
        except AppError as error:
            raise CommandError(str(error.message)) from error
        done = {"add": "is asked", "remove": "is left"}[options["action"]]
        self.stdout.write(f"{options['inbox']} {done}.")

    def _list(self, *, as_json: bool) -> None:
        for relay in Relay.objects.order_by("pk"):
            shown = {"inbox": relay.inbox_url, "state": relay.state, "actor": relay.actor_uri}
            self.stdout.write(json.dumps(shown) if as_json else "  ".join(shown.values()))
