"""The entries of a corpus of payloads: what other servers really send, each with what must come of it.

The folder is named by FEDERATION_CORPUS; without it there are the few payloads of our own in tests/payloads.
Both have an `index.yaml` of entries `{file, kind, type, expect}`. What we know better than the corpus stands
in exceptions.yaml, by the file's name and with the reason.
"""

import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
OWN = HERE.parent / "payloads"


@dataclass(frozen=True)
class Entry:
    """One payload: its bytes, and what must come of it."""

    file: str
    kind: str
    folder: Path
    expect: dict[str, Any]

    @cached_property
    def body(self) -> bytes:
        """The bytes as they come over the wire."""
        return (self.folder / self.file).read_bytes()

    @cached_property
    def document(self) -> dict[str, Any]:
        """The payload read leniently, to set the scene; empty when it is no JSON object."""
        try:
            found = json.loads(self.body.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def handling(self) -> str:
        """The outcome in one word."""
        return str(self.expect["handling"])


def load_entries() -> list[Entry]:
    """Return all entries of the corpus, with our exceptions put in."""
    folder = Path(os.environ.get("FEDERATION_CORPUS") or OWN)
    index = _load(folder / "index.yaml")
    exceptions = {} if folder == OWN else _load(HERE / "exceptions.yaml")
    return [
        Entry(
            file=item["file"],
            kind=item["kind"],
            folder=folder,
            expect=item["expect"] | exceptions.get(item["file"], {}).get("expect", {}),
        )
        for item in index
    ]


def _load(path: Path) -> Any:
    return yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader) or {}
