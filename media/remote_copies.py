"""Copies of files of other servers: fetched when a reader of ours looks, kept while there is room.

How many bytes they may take, media/pruning.py sees to. Called by `views`, `tasks` and timelines (cards).
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from core import http
from core.errors import AppError, RemoteUnreachable
from core.events import emit
from core.hosts import host_of
from media.decoding.faults import Fault, Refused
from media.decoding.limits import IMAGE_SIZE_LIMIT_BYTES, VIDEO_SIZE_LIMIT_BYTES
from media.decoding.sniffing import HEAD_BYTES, sniff
from media.events import RemoteFileWanted
from media.files import new_name, store_file
from media.models import RemoteCopy
from media.models.remote_copy import key_of
from media.pictures import at_once
from media.proxy import Kind
from media.sandbox import FOR_PICTURES, Killed, decode, work_folder

log = logging.getLogger(__name__)

_EMOJI_LIMIT_BYTES: Final = 256 * 1024
_FETCH_SECONDS: Final = 120.0
_ASKED_SECONDS: Final = 150
# So long a file that could not be fetched is not asked for again.
_FAILURE_KEPT: Final = timedelta(minutes=30)
_USE_NOTED_EVERY: Final = timedelta(minutes=10)
_PAUSE_SECONDS: Final = 0.1
# Sound and video are kept as they come: readers wait for none of it to be encoded.
_RECORDINGS: Final = {
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/ogg": "ogv",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/wav": "wav",
    "audio/aac": "aac",
}
_JOBS: Final = {
    Kind.PICTURE: "picture",
    Kind.AVATAR: "avatar",
    Kind.HEADER: "header",
    Kind.EMOJI: "emoji",
    Kind.CARD: "preview",
}


def find_copy(kind: Kind, url: str, now: datetime) -> RemoteCopy | None:
    """Return what is known of a file: its copy, or that fetching it failed a while ago; None for nothing."""
    copy = RemoteCopy.objects.of(kind, url).first()
    if copy is not None and not copy.file and copy.fetched_at < now - _FAILURE_KEPT:
        return None
    return copy


def note_use(copy: RemoteCopy, now: datetime) -> None:
    """Remember that somebody looked at a copy; a row changes at most every ten minutes."""
    if copy.used_at < now - _USE_NOTED_EVERY:
        RemoteCopy.objects.filter(pk=copy.pk).update(used_at=now)


def await_copy(kind: Kind, url: str, seconds: float, fetch: Callable[[Kind, str], None]) -> RemoteCopy | None:
    """Let ``fetch`` ask for a file and wait so long for its copy; None when it is not there by then."""
    fetch(kind, url)
    deadline = time.monotonic() + seconds
    while (copy := find_copy(kind, url, timezone.now())) is None and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)
    return copy


def fetch_copy(kind: Kind, url: str) -> RemoteCopy | None:
    """Fetch a file of another server and return its copy; None while somebody else does. Repeat-safe.

    A copy without a file says that it could not be fetched or is none that we show.
    """
    now = timezone.now()
    if (known := find_copy(kind, url, now)) is not None:
        return known
    asked = f"media:asked:{kind}:{key_of(url)}"
    if not cache.add(asked, 1, _ASKED_SECONDS):
        return None
    try:
        values = _fetch(kind, url)
    except (AppError, Refused, Killed) as error:
        log.info("remote_file_not_kept", extra={"host": host_of(url), "cause": repr(error)[:300]})
        values = {}
    try:
        copy, _created = RemoteCopy.objects.update_or_create(
            kind=kind,
            key=key_of(url),
            defaults={"url": url, "file": "", "size_bytes": 0, "fetched_at": now, "used_at": now} | values,
        )
        return copy
    finally:
        cache.delete(asked)


def _fetch(kind: Kind, url: str) -> dict[str, Any]:
    """Return the values of a copy. Raises AppError, Refused, Killed."""
    with transaction.atomic():
        emit(RemoteFileWanted(host_of(url) or ""))
    limits = {Kind.RECORDING: VIDEO_SIZE_LIMIT_BYTES, Kind.EMOJI: _EMOJI_LIMIT_BYTES}
    with work_folder() as folder:
        source = folder / "source"
        with source.open("wb") as target:
            answer = http.download(
                url,
                target,
                limit_bytes=limits.get(kind, IMAGE_SIZE_LIMIT_BYTES),
                total_seconds=_FETCH_SECONDS,
            )
        if answer.status != 200:
            raise RemoteUnreachable(cause=f"status {answer.status}")
        with source.open("rb") as file:
            mime_type = sniff(file.read(HEAD_BYTES)) or ""
        if kind != Kind.RECORDING:
            return _keep_picture(kind, source, folder)
        if mime_type not in _RECORDINGS:
            raise Refused(Fault.UNSUPPORTED)
        size_bytes = source.stat().st_size
        name = store_file(new_name("remote", _RECORDINGS[mime_type]), source)
        return {"file": name, "size_bytes": size_bytes}


def _keep_picture(kind: Kind, source: Path, folder: Path) -> dict[str, Any]:
    with at_once:
        made = decode(_JOBS[kind], source, folder, FOR_PICTURES)
    names = dict.fromkeys(name for name in (made.get("original"), made.get("small")) if name)
    sizes = [(folder / name).stat().st_size for name in names]
    stored = {name: store_file(new_name("remote", name.rpartition(".")[2]), folder / name) for name in names}
    small = made.get("small_measures", {})
    return {
        "file": stored[made.get("original") or made["small"]],
        "small_file": stored[made["small"]] if "small" in made else "",
        "blurhash": made.get("blurhash", ""),
        "width": small.get("width", 0),
        "height": small.get("height", 0),
        "size_bytes": sum(sizes),
    }
