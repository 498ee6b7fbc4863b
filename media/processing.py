"""Makes uploads fit for posts: jobs over rows, done by a process for each file (media/sandbox.py).

The row is the job, the message of the queue only a poke: whoever claims the row works on it and says so every
few seconds; what nobody works on any more, the clock pokes again. Called by `api/media.py` and `tasks.py`.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from media.decoding.faults import Fault, Refused
from media.files import delete_files, local_copy, new_name, store_file
from media.models import MediaAttachment
from media.sandbox import FOR_PICTURES, FOR_RECORDINGS, Killed, decode, work_folder

log = logging.getLogger(__name__)

_CLAIM: Final = timedelta(seconds=30)
_ATTEMPTS: Final = 3
_FIRST_PAUSE_SECONDS: Final = 0.03
_POKED_AT_ONCE: Final = 100
# Recordings take minutes: one at a time in each worker leaves it room for pictures.
_recording = threading.Lock()
# So many threads of a web process wait for pictures; the others go on answering.
_waiting = threading.BoundedSemaphore(2)


def wait_until_processed(attachment: MediaAttachment, seconds: float) -> None:
    """Wait so long for a picture to be processed, unless others wait here already; its row is read anew."""
    attachment.refresh_from_db()
    if attachment.type != MediaAttachment.Type.IMAGE or not _waiting.acquire(blocking=False):
        return
    try:
        deadline, pause = time.monotonic() + seconds, _FIRST_PAUSE_SECONDS
        while attachment.state == MediaAttachment.State.PROCESSING and time.monotonic() < deadline:
            time.sleep(pause)
            pause = min(pause * 1.3, 0.5)
            attachment.refresh_from_db()
    finally:
        _waiting.release()


def find_waiting(now: datetime) -> list[int]:
    """Return the ids of uploads that wait and that nobody works on, oldest first."""
    return list(MediaAttachment.objects.processing(now).values_list("pk", flat=True)[:_POKED_AT_ONCE])


def process_attachment(attachment_id: int, poke: Callable[[int], None]) -> None:
    """Process an upload unless somebody does; ``poke`` hands the next one that waits to a worker.

    Repeat-safe. After three attempts that died with their worker it counts as failed.
    """
    attachment = MediaAttachment.objects.processing(timezone.now()).filter(pk=attachment_id).first()
    if attachment is None:
        return
    if attachment.type == MediaAttachment.Type.IMAGE:
        _process(attachment, poke)
    elif _recording.acquire(blocking=False):
        try:
            _process(attachment, poke)
        finally:
            _recording.release()
        waiting = MediaAttachment.objects.processing(timezone.now())
        if following := waiting.exclude(type=MediaAttachment.Type.IMAGE).first():
            poke(following.pk)


def _process(attachment: MediaAttachment, poke: Callable[[int], None]) -> None:
    now = timezone.now()
    free = MediaAttachment.objects.processing(now).filter(pk=attachment.pk, attempts=attachment.attempts)
    if not free.update(claimed_until=now + _CLAIM, attempts=F("attempts") + 1):
        return
    attachment.attempts += 1
    if attachment.attempts > _ATTEMPTS:
        _fail(attachment, Fault.FAILED)
        return
    try:
        with work_folder() as folder, local_copy(attachment.upload, folder) as source:
            is_picture = attachment.type == MediaAttachment.Type.IMAGE
            allowance = FOR_PICTURES if is_picture else FOR_RECORDINGS
            made = decode(
                "attachment",
                source,
                folder,
                allowance,
                on_progress=partial(_note, attachment),
            )
            _keep(attachment, made, folder)
    except Refused as refused:
        _fail(attachment, refused.fault)
    except FileNotFoundError:
        _fail(attachment, Fault.FAILED)
    except Killed:
        log.warning("media_process_killed", extra={"attachment": attachment.pk})
        _mine(attachment).update(claimed_until=None)
        poke(attachment.pk)


def _mine(attachment: MediaAttachment) -> Any:
    """Keep the row as long as no later attempt and no end took it."""
    return MediaAttachment.objects.filter(
        pk=attachment.pk, state=MediaAttachment.State.PROCESSING, attempts=attachment.attempts
    )


def _note(attachment: MediaAttachment, percent: int) -> None:
    _mine(attachment).update(progress=percent, claimed_until=timezone.now() + _CLAIM)


def _keep(attachment: MediaAttachment, made: dict[str, Any], folder: Path) -> None:
    """Store what was made and make the row ready; a preview that the owner chose stays."""
    original = folder / made["original"]
    size_bytes = original.stat().st_size
    file, preview = _store(original), _store(folder / made["small"]) if "small" in made else ""
    with transaction.atomic():
        row = _mine(attachment).select_for_update().first()
        if row is None:  # deleted meanwhile, or somebody else was faster
            delete_files([file, preview])
            return
        delete_files([row.upload])
        row.meta |= made["meta"]
        if row.preview_file:
            delete_files([preview])
        elif preview:
            row.preview_file, row.blurhash = preview, made["blurhash"]
            row.meta["small"] = made["small_measures"]
        row.type, row.mime_type, row.file, row.size_bytes = made["type"], made["mime_type"], file, size_bytes
        row.state, row.upload, row.claimed_until = MediaAttachment.State.READY, "", None
        row.save()


def _store(path: Path) -> str:
    suffix = "_small" if path.stem == "small" else ""
    return store_file(new_name("attachments", path.suffix.removeprefix("."), suffix), path)


def _fail(attachment: MediaAttachment, fault: Fault) -> None:
    failed = MediaAttachment.State.FAILED
    if _mine(attachment).update(state=failed, fault=fault, upload="", claimed_until=None):
        delete_files([attachment.upload])
        log.info("media_refused", extra={"attachment": attachment.pk, "fault": fault})
