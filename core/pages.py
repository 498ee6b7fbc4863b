"""What every page template may use."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def instance(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the names of this server."""
    return {
        "instance_name": settings.INSTANCE_NAME,
        "instance_domain": settings.LOCAL_DOMAIN,
    }
