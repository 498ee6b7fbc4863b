"""Door by which people report an account.

Source: Mastodon docs, "Report"; API behaviours sections 5 and 19.
"""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.accounts import get_account
from accounts.entities import render_account
from core.api.access import Access
from core.api.parameters import as_bool, as_id, as_list, as_text
from core.api.views import ApiView
from core.errors import NotFound, Unprocessable
from core.ratelimit import Limit
from moderation.models import Report
from moderation.reports import Complaint, create_report, describe_report

REPORTS = Limit("reports", 400, 24 * 3600)


class Reports(ApiView):
    """POST /api/v1/reports."""

    access = {"POST": Access.user("write", "write:reports")}

    def post(self, request: Request) -> Response:
        """Report an account, and answer with the report."""
        self.consume(REPORTS)
        target = get_account(self.params.get("account_id"))
        report = create_report(self.actor, target, self._complaint(), timezone.now())
        facts = describe_report(report)
        del facts["target_account_id"]
        return Response(facts | {"target_account": render_account(target)})

    def _complaint(self) -> Complaint:
        return Complaint(
            comment=as_text(self.params.get("comment")) or "",
            category=as_text(self.params.get("category")) or Report.Category.OTHER,
            status_ids=self._ids("status_ids", NotFound),
            rule_ids=self._ids("rule_ids", Unprocessable),
            collection_ids=self._ids("collection_ids", NotFound),
            forward=as_bool(self.params.get("forward")),
            forward_to=[as_text(name) or "" for name in as_list(self.params.get("forward_to_domains"))],
        )

    def _ids(self, name: str, refusal: type[NotFound] | type[Unprocessable]) -> list[int]:
        """Return a list of ids; what cannot be one refers to nothing, as an unknown one does."""
        found = [as_id(item) for item in as_list(self.params.get(name))]
        ids = [item for item in found if item is not None]
        if len(ids) < len(found):
            raise refusal()
        return list(dict.fromkeys(ids))
