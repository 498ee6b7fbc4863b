"""Staff pages: the reports, and one of them with what it is about."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.rules import RULES
from moderation.access import staff_page
from moderation.models import Report
from moderation.models.report import LONGEST_NOTE
from moderation.reports import (
    get_report,
    list_reports,
    load_reported_collections,
    load_reported_statuses,
    resolve_report,
)

SHOWN_REPORTS = 200
_CATEGORIES: dict[str, Promise] = {
    Report.Category.SPAM: gettext_lazy("Advertising"),
    Report.Category.LEGAL: gettext_lazy("Against the law"),
    Report.Category.VIOLATION: gettext_lazy("Breaks a rule"),
    Report.Category.OTHER: gettext_lazy("Something else"),
}


class NoteForm(forms.Form):
    """What came of a report."""

    note = forms.CharField(
        label=gettext_lazy("Note"),
        help_text=gettext_lazy("What you found and did; only staff can read it."),
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


@staff_page
@never_cache
@require_safe
def reports(request: HttpRequest) -> HttpResponse:
    """List the reports that wait, or all of them."""
    everything = request.GET.get("show") == "all"
    found = list_reports(open_only=not everything)[:SHOWN_REPORTS]
    rows = [{"report": report, "category": _CATEGORIES[report.category]} for report in found]
    return render(request, "moderation/reports.html", {"rows": rows, "everything": everything})


@staff_page
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, report_id: int) -> HttpResponse:
    """Show one report (GET), or settle it with a note (POST)."""
    found = get_report(report_id)
    form = NoteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        resolve_report(report_id, request.user, form.cleaned_data["note"], timezone.now())  # type: ignore[arg-type]
        messages.success(request, _("The report is settled."))
        return redirect("staff-reports")
    context: dict[str, Any] = {
        "report": found,
        "category": _CATEGORIES[found.category],
        "statuses": load_reported_statuses(found),
        "collections": load_reported_collections(found),
        "rules": [rule.text for rule in RULES if rule.id in found.rule_ids],
        "form": form,
    }
    return render(request, "moderation/report.html", context, status=422 if form.errors else 200)
