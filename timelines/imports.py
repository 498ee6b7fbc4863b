"""Imports: a file is read and kept, its owner confirms it, and a job does what its lines say.

Called by the pages. Only one job at a time works on an import; it does a part and starts itself again, so
that nobody else waits behind a long file. A lost job is found by the clock.
Source: Mastodon docs, "Moving or leaving accounts"; the modes and limits are those of its import.
"""

from datetime import datetime, timedelta
from time import monotonic

from celery import shared_task
from django.db import transaction
from django.db.models import Count, F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Account
from core.errors import AppError, BadRequest, Gone, NotFound, Unavailable, Unprocessable
from timelines.import_files import Kind, read_file, write_file
from timelines.import_rows import apply_row, remove_others, subjects
from timelines.models import Import, ImportRow

MAX_BYTES = 4 * 1024 * 1024
MAX_OPEN = 5
MAX_ATTEMPTS = 3
# A job takes so many lines, or as many as it gets done in this time; the last may take long.
_PART = 50
_PART_SECONDS = 60
# Longer than any part takes.
_LEASE = timedelta(minutes=10)
# A server that was not reached may be back by then.
_PAUSE = timedelta(minutes=10)
_UNCONFIRMED_FOR, _FINISHED_FOR = timedelta(days=1), timedelta(days=7)
_SWEPT = 100

State, Failure = ImportRow.State, ImportRow.Failure


# What the person does


def start_import(account: Account, kind: Kind, content: bytes, *, replace: bool, now: datetime) -> Import:
    """Keep a file until its owner confirms it. Raises Unprocessable for one that cannot be used."""
    if len(content) > MAX_BYTES:
        raise Unprocessable(_("The file may have at most %(limit)d megabytes") % {"limit": MAX_BYTES >> 20})
    rows = read_file(kind, content)
    if not subjects(kind, rows):
        raise Unprocessable(_("Not a single line of this file is what you chose"))
    with transaction.atomic():
        # One at a time, so that two at once cannot both be the last.
        Account.objects.select_for_update(no_key=True).get(pk=account.pk)
        if imports_of(account).filter(finished_at__isnull=True).count() >= MAX_OPEN:
            raise Unprocessable(_("Please wait until the imports before this one are finished"))
        made = Import.objects.create(account=account, kind=kind, replace=replace, created_at=now)
        ImportRow.objects.bulk_create(
            (ImportRow(parent=made, cells=list(cells)) for cells in rows), batch_size=2000
        )
    return made


def imports_of(account: Account) -> "QuerySet[Import]":
    """Return the imports of an account, the newest first."""
    return Import.objects.filter(account=account).order_by("-pk")


def get_import(account: Account, import_id: int) -> Import:
    """Return an import of ``account``. Raises NotFound."""
    found = imports_of(account).filter(pk=import_id).first()
    if found is None:
        raise NotFound()
    return found


def confirm_import(row: Import, *, now: datetime) -> None:
    """Let it be done; said twice it is done once."""
    with transaction.atomic():
        waiting = Import.objects.filter(pk=row.pk, next_run_at__isnull=True, finished_at__isnull=True)
        if waiting.update(next_run_at=now):
            _enqueue(row.pk)


def cancel_import(row: Import) -> None:
    """Forget a file that is not confirmed. Raises BadRequest for one that is under way."""
    if not Import.objects.filter(pk=row.pk, next_run_at__isnull=True, finished_at__isnull=True).delete()[0]:
        raise BadRequest(_("This import is under way already"))


def count_rows(row: Import) -> dict[str, int]:
    """Return how many lines there are in each state."""
    counted = row.rows.order_by().values_list("state").annotate(count=Count("pk"))
    return dict.fromkeys(State.values, 0) | dict(counted)


def failed_rows(row: Import) -> "QuerySet[ImportRow]":
    """Return the lines that could not be done, in the order of the file."""
    return row.rows.filter(state=State.FAILED).order_by("pk")


def failures_file(row: Import) -> str:
    """Return the lines that could not be done as a file that can be imported again."""
    cells = failed_rows(row).values_list("cells", flat=True)
    return write_file(Kind(row.kind), cells, has_header=True)


# The job


def _enqueue(import_id: int) -> None:
    transaction.on_commit(lambda: run_import.delay(import_id=import_id), robust=True)


@shared_task(name="timelines.run_import", queue="default")
def run_import(*, import_id: int) -> None:
    """Do the next part of an import, and see to the rest."""
    now = timezone.now()
    if not Import.objects.filter(pk=import_id, next_run_at__lte=now).update(next_run_at=now + _LEASE):
        return
    row = Import.objects.select_related("account").get(pk=import_id)
    if row.replace and row.replaced_at is None:
        remove_others(row.account, Kind(row.kind), row.rows.values_list("cells", flat=True))
        Import.objects.filter(pk=import_id).update(replaced_at=now)
    _run_part(row)
    _go_on(row, timezone.now())


def _run_part(row: Import) -> None:
    # Where the process ended each time the line was tried, the line is to blame.
    waiting = row.rows.filter(state=State.WAITING)
    waiting.filter(attempts__gte=MAX_ATTEMPTS).update(state=State.FAILED, failure=Failure.UNREACHABLE)
    until = monotonic() + _PART_SECONDS
    for line in waiting.order_by("attempts", "pk")[:_PART]:
        _run_line(row, line)
        if monotonic() > until:
            return


def _run_line(row: Import, line: ImportRow) -> None:
    own = ImportRow.objects.filter(pk=line.pk)
    own.update(attempts=F("attempts") + 1)
    try:
        apply_row(row.account, Kind(row.kind), line.cells)
    except AppError as error:
        if error.permanent or line.attempts + 1 >= MAX_ATTEMPTS:
            own.update(state=State.FAILED, failure=_failure(error))
    else:
        own.update(state=State.DONE)


def _failure(error: AppError) -> str:
    if isinstance(error, NotFound | Gone):
        return Failure.UNKNOWN
    if isinstance(error, Unavailable):
        return Failure.UNREACHABLE
    return Failure.UNREADABLE if isinstance(error, Unprocessable) else Failure.REFUSED


def _go_on(row: Import, now: datetime) -> None:
    """Start the next part at once, later where only servers that were not reached are left, or finish."""
    waiting = row.rows.filter(state=State.WAITING)
    fewest = waiting.order_by("attempts").values_list("attempts", flat=True).first()
    changed = Import.objects.filter(pk=row.pk)
    if fewest is None:
        changed.update(next_run_at=None, finished_at=now)
    elif fewest:
        changed.update(next_run_at=now + _PAUSE)
    else:
        with transaction.atomic():
            changed.update(next_run_at=now)
            _enqueue(row.pk)


def sweep_imports(now: datetime) -> None:
    """Go on with imports that are due, and forget the old ones; called by the clock."""
    due = Import.objects.filter(next_run_at__lte=now).order_by("next_run_at")
    for import_id in due.values_list("pk", flat=True)[:_SWEPT]:
        run_import.delay(import_id=import_id)
    unconfirmed = Import.objects.filter(next_run_at__isnull=True, finished_at__isnull=True)
    unconfirmed.filter(created_at__lt=now - _UNCONFIRMED_FOR).delete()
    Import.objects.filter(finished_at__lt=now - _FINISHED_FOR).delete()
