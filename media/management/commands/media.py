"""manage.py media usage|prune|verify: the room that files take, and whether all are there."""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.template.defaultfilters import filesizeformat

from media.pruning import find_missing, load_usage, prune


class Command(BaseCommand):
    """For administrators who look after the disk."""

    help = "Shows how much room files take, makes room, finds files that are missing."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        usage = actions.add_parser("usage", help="files and bytes, by kind")
        pruning = actions.add_parser("prune", help="delete copies of other servers' files")
        pruning.add_argument(
            "--until-bytes",
            type=int,
            default=settings.MEDIA_CACHE_BYTES,
            help="until at most so many bytes of them are left (default: what the settings allow)",
        )
        verify = actions.add_parser("verify", help="list files that should be in the storage and are not")
        for action in (usage, pruning, verify):
            action.add_argument("--json", action="store_true", help="print one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        shown = {"usage": self._usage, "prune": self._prune, "verify": self._verify}[options["action"]](
            options
        )
        if options["json"]:
            self.stdout.write(json.dumps(shown))

    def _usage(self, options: dict[str, Any]) -> dict[str, Any]:
        found = load_usage()
        if not options["json"]:
            for kind, counted in found.items():
                size = filesizeformat(counted["bytes"]).replace("\xa0", " ")
                self.stdout.write(f"{kind:<20} {counted['files']:>9} files  {size:>10}")
        return found

    def _prune(self, options: dict[str, Any]) -> dict[str, Any]:
        removed = prune(options["until_bytes"])
        if not options["json"]:
            self.stdout.write(f"{removed} deleted.")
        return {"deleted": removed}

    def _verify(self, options: dict[str, Any]) -> dict[str, Any]:
        missing = find_missing()
        if not options["json"]:
            self.stdout.write("\n".join(missing) or "All files are there.")
        return {"missing": missing}
