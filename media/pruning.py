"""The room that files take: how much, what goes when it is too much, and whether all are there.

`tasks` and ``manage.py media`` call this.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Final

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Count, Sum

from core.events import emit
from media.events import RemoteFilesLeaving
from media.files import delete_files
from media.models import MediaAttachment, RemoteCopy

log = logging.getLogger(__name__)

_BATCH: Final = 200


def load_usage() -> dict[str, dict[str, int]]:
    """Return ``files`` and ``bytes`` of uploads and of the copies of each kind of other servers' files."""
    uploads = MediaAttachment.objects.exclude(file="").aggregate(files=Count("pk"), bytes=Sum("size_bytes"))
    found = {"uploads": {"files": uploads["files"], "bytes": uploads["bytes"] or 0}}
    copies = RemoteCopy.objects.kept().values("kind").annotate(files=Count("pk"), bytes=Sum("size_bytes"))
    for row in copies.order_by("kind"):
        found[f"remote {row['kind']}"] = {"files": row["files"], "bytes": row["bytes"]}
    return found


def prune(until_bytes: int) -> int:
    """Delete copies, the least recently used first, until at most so many bytes are left; returns how many.

    What people here care for stays, even when that is more. Repeat-safe.
    """
    surplus = _total_bytes() - until_bytes
    removed = 0
    for batch in _batches():
        if surplus <= 0:
            break
        leaving = _leaving(batch)
        going = []
        for copy in leaving:
            if surplus > 0:
                going.append(copy)
                surplus -= copy.size_bytes
        _delete(going)
        removed += len(going)
    if removed:
        log.info("media_pruned", extra={"count": removed})
    return removed


def _total_bytes() -> int:
    return RemoteCopy.objects.aggregate(bytes=Sum("size_bytes"))["bytes"] or 0


def _batches() -> Iterator[list[RemoteCopy]]:
    """Give all copies, the least recently used first; what stays of one batch is not in the next."""
    last: RemoteCopy | None = None
    while True:
        rows = RemoteCopy.objects.kept().least_recently_used()
        if last is not None:
            rows = rows.used_after(last)
        batch = list(rows[:_BATCH])
        if not batch:
            return
        yield batch
        last = batch[-1]


def _leaving(copies: Sequence[RemoteCopy]) -> list[RemoteCopy]:
    event = RemoteFilesLeaving(frozenset(copy.url for copy in copies))
    with transaction.atomic():
        emit(event)
    return [copy for copy in copies if copy.url not in event.spared]


def _delete(copies: Sequence[RemoteCopy]) -> None:
    with transaction.atomic():
        RemoteCopy.objects.filter(pk__in=[copy.pk for copy in copies]).delete()
        delete_files({name for copy in copies for name in (copy.file, copy.small_file)})


def find_missing() -> list[str]:
    """Return what should be in the storage and is not, as "kind name".

    Copies of other servers' files are forgotten on the way: they are fetched again when somebody looks.
    """
    missing = []
    for attachment in MediaAttachment.objects.exclude(file="").order_by("pk").iterator(_BATCH):
        names = [name for name in (attachment.file, attachment.preview_file) if name]
        missing += [f"upload {name}" for name in names if not default_storage.exists(name)]
    for copy in RemoteCopy.objects.kept().order_by("pk").iterator(_BATCH):
        lost = [name for name in {copy.file, copy.small_file} - {""} if not default_storage.exists(name)]
        if lost:
            missing += [f"copy {name}" for name in lost]
            _delete([copy])
    return missing
