"""Doors to what this server does not offer: they answer as Mastodon does where it is switched off.

No annual reports are made, nobody asks for donations, posts are not mailed to people without an account, and
no answer announces that it will be refreshed. Source: API behaviours sections 18 and 19; endpoints.yaml.
"""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from core.api.access import Access
from core.api.views import ApiView
from core.errors import NotFound

READ_ACCOUNTS = Access.user("read", "read:accounts")
WRITE_ACCOUNTS = Access.user("write", "write:accounts")


class AnnualReports(ApiView):
    """GET /api/v1/annual_reports."""

    access = {"GET": READ_ACCOUNTS}

    def get(self, request: Request) -> Response:
        """Answer that there are none."""
        return Response({"annual_reports": [], "accounts": [], "statuses": []})


class AnnualReportState(ApiView):
    """GET /api/v1/annual_reports/:year/state."""

    access = {"GET": READ_ACCOUNTS}

    def get(self, request: Request, year: str) -> Response:
        """Answer that there will be none, so that apps do not offer it."""
        return Response({"state": "ineligible"})


class GenerateAnnualReport(ApiView):
    """POST /api/v1/annual_reports/:year/generate."""

    access = {"POST": WRITE_ACCOUNTS}

    def post(self, request: Request, year: str) -> Response:
        """Do nothing, as for everybody whose report there will not be."""
        return Response({})


class AnnualReport(ApiView):
    """GET /api/v1/annual_reports/:year."""

    access = {"GET": READ_ACCOUNTS}

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer 404."""
        raise NotFound()


class ReadAnnualReport(ApiView):
    """POST /api/v1/annual_reports/:year/read."""

    access = {"POST": WRITE_ACCOUNTS}

    def post(self, request: Request, **kwargs: Any) -> Response:
        """Answer 404."""
        raise NotFound()


class AsyncRefresh(ApiView):
    """GET /api/v1_alpha/async_refreshes/:id."""

    access = {"GET": Access.user("read")}

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer 404: no answer of ours named one."""
        raise NotFound()


class EmailSubscriptions(ApiView):
    """POST /api/v1/accounts/:id/email_subscriptions."""

    access = {"POST": Access.anyone()}

    def post(self, request: Request, **kwargs: Any) -> Response:
        """Answer 404, as for every account that does not offer it."""
        raise NotFound()


class DonationCampaigns(ApiView):
    """GET /api/v1/donation_campaigns."""

    access = {"GET": Access.user()}

    def get(self, request: Request) -> Response:
        """Answer that there is none."""
        return Response(status=204)
