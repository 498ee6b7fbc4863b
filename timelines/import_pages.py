"""Pages on which a person brings along follows, blocks and the like, and carries them away.

Routed by genosocial/urls.py, linked from the start page. Source: Mastodon docs, "Moving or leaving accounts".
"""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Account, User
from accounts.people import find_own_account
from core.errors import Forbidden, NotFound, Unprocessable
from core.pages import spend
from core.ratelimit import Limit
from timelines.exports import count_exports, export_file
from timelines.import_files import FORMATS, Kind
from timelines.imports import (
    MAX_BYTES,
    cancel_import,
    confirm_import,
    count_rows,
    failed_rows,
    failures_file,
    get_import,
    imports_of,
    start_import,
)
from timelines.models import Import

PER_ACCOUNT = Limit("import-account", 50, 3600)
_SHOWN = 20


class ImportForm(forms.Form):
    """A file, what is in it, and what becomes of what is there."""

    kind = forms.ChoiceField(label=gettext_lazy("What is in the file"), choices=Kind.choices)
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("A CSV file that Mastodon, this server or a similar one has exported."),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv,text/plain"}),
    )
    replace = forms.ChoiceField(
        label=gettext_lazy("What you have here already"),
        choices=[
            ("", gettext_lazy("stays; the file is added")),
            ("1", gettext_lazy("goes, unless it is in the file too")),
        ],
        required=False,
    )


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def imports(request: HttpRequest) -> HttpResponse:
    """Show what was and can be imported and exported (GET), or take a file (POST)."""
    account = _own_account(request)
    is_new = request.method == "POST"
    form = ImportForm(request.POST, request.FILES) if is_new else ImportForm()
    if is_new and form.is_valid() and (made := _started(request, account, form)):
        return redirect("import", made.pk)
    counts = count_exports(account)
    context: dict[str, Any] = {
        "form": form,
        "imports": imports_of(account)[:_SHOWN],
        "exports": [(kind, kind.label, FORMATS[kind].file_name, counts[kind]) for kind in Kind],
    }
    return render(request, "timelines/imports.html", context, status=422 if form.errors else 200)


def _own_account(request: HttpRequest) -> Account:
    assert isinstance(request.user, User)
    account = find_own_account(request.user)
    if account is None or account.suspended_at is not None:
        raise Forbidden()
    return account


def _started(request: HttpRequest, account: Account, form: ImportForm) -> Import | None:
    spend(request, (PER_ACCOUNT, str(account.pk)))
    values = form.cleaned_data
    content = values["file"].read(MAX_BYTES + 1)
    try:
        return start_import(
            account, Kind(values["kind"]), content, replace=values["replace"] == "1", now=timezone.now()
        )
    except Unprocessable as refused:
        form.add_error("file", str(refused.message))
        return None


@login_required
@never_cache
@require_safe
def show_import(request: HttpRequest, import_id: int) -> HttpResponse:
    """Ask whether an import shall be done, or show how far it is and what failed."""
    account = _own_account(request)
    row = get_import(account, import_id)
    context = {
        "import": row,
        "counts": count_rows(row),
        "total": row.rows.count(),
        "present": count_exports(account)[Kind(row.kind)],
        "failed": failed_rows(row)[:_SHOWN],
    }
    return render(request, "timelines/import.html", context)


@login_required
@require_POST
def confirm(request: HttpRequest, import_id: int) -> HttpResponse:
    """Let an import be done."""
    row = get_import(_own_account(request), import_id)
    confirm_import(row, now=timezone.now())
    messages.success(request, _("The import is under way. You can close this page."))
    return redirect("import", row.pk)


@login_required
@require_POST
def cancel(request: HttpRequest, import_id: int) -> HttpResponse:
    """Forget a file that was not confirmed."""
    cancel_import(get_import(_own_account(request), import_id))
    messages.success(request, _("Nothing was imported."))
    return redirect("imports")


@login_required
@never_cache
@require_safe
def failures(request: HttpRequest, import_id: int) -> HttpResponse:
    """Give what could not be imported as a file."""
    row = get_import(_own_account(request), import_id)
    return _download(failures_file(row), f"failed_{FORMATS[Kind(row.kind)].file_name}")


@login_required
@never_cache
@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponse:
    """Give what the person has of a kind as a file."""
    if kind not in Kind.values:
        raise NotFound()
    wanted = Kind(kind)
    return _download(export_file(_own_account(request), wanted), FORMATS[wanted].file_name)


def _download(content: str, name: str) -> HttpResponse:
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=disposition)
