"""Pictures that are small and wanted at once (avatars, headers, emoji, previews): the door waits for them.

Accounts, `attachments` and `emojis` call this.
"""

import threading
from dataclasses import dataclass
from typing import Any

from media.decoding.faults import Fault, Refused
from media.faults import refusal
from media.files import new_name, store_file
from media.sandbox import FOR_PICTURES, Killed, decode, work_folder
from media.uploads import require_picture, write_to

# Each takes a processor and up to two gigabytes for a moment.
at_once = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class StoredPreview:
    """A preview that somebody chose: the name of its file, its measures, its BlurHash."""

    file: str
    measures: dict[str, Any]
    blurhash: str


def store_avatar(upload: object) -> str:
    """Store a square picture of at most 400 by 400 and return its name; raises Unprocessable."""
    return _store("avatar", upload, "avatars")["original"]


def store_header(upload: object) -> str:
    """Store a banner of at most 1500 by 500 and return its name; raises Unprocessable."""
    return _store("header", upload, "headers")["original"]


def store_emoji(upload: object) -> tuple[str, str]:
    """Store a small picture, moving if it moves, and return its name and that of a still one.

    Raises Unprocessable.
    """
    stored = _store("emoji", upload, "emojis")
    return stored["original"], stored["small"]


def store_preview(upload: object) -> StoredPreview:
    """Store a picture as the preview of a video or a sound; raises Unprocessable."""
    stored = _store("preview", upload, "attachments")
    return StoredPreview(stored["small"], stored["small_measures"], stored["blurhash"])


def _store(job: str, upload: object, folder_name: str) -> dict[str, Any]:
    """Return what the job made, with names in the storage in place of those in its folder."""
    picture = require_picture(upload)
    with at_once, work_folder() as folder:
        write_to(picture, folder / "source")
        try:
            made = decode(job, folder / "source", folder, FOR_PICTURES)
        except Refused as refused:
            raise refusal(refused.fault) from refused
        except Killed as error:
            raise refusal(Fault.FAILED) from error
        stored: dict[str, str] = {}
        for key in ("original", "small"):
            if (name := made.get(key)) and name not in stored:
                stored[name] = store_file(new_name(folder_name, name.rpartition(".")[2]), folder / name)
        return made | {key: stored[made[key]] for key in ("original", "small") if key in made}
