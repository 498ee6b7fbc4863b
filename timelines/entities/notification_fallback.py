"""Words for notifications of a kind that an app does not know how to show.

Called by the two renderers of notifications. Source: Mastodon docs, "NotificationFallback"; API behaviours
section 12: the third key is ``description`` and always null.
"""

from collections.abc import Collection
from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext as _

from timelines.entities.notification_rows import ShownNotification
from timelines.models import Notification

# The types that there are words for.
EXPLAINED = (
    Notification.Type.ADMIN_SIGN_UP,
    Notification.Type.ADMIN_REPORT,
    Notification.Type.ADDED_TO_COLLECTION,
    Notification.Type.COLLECTION_UPDATE,
)


def render_fallback(
    row: Notification | ShownNotification,
    accounts: dict[int, dict[str, Any]],
    collections: dict[int, dict[str, Any]],
    supported_types: Collection[str],
) -> dict[str, Any]:
    """Return the words as HTML, or nothing for a kind that every app knows or this one names."""
    if row.type in supported_types or row.type not in EXPLAINED:
        return {}
    sender = f"@{accounts[row.from_account_id]['acct']}"
    if row.type == Notification.Type.ADMIN_SIGN_UP:
        title, summary = _("{person} signed up"), None
    elif row.type == Notification.Type.ADMIN_REPORT and row.subject is not None:
        title, summary = _("{person} reported {target}"), row.subject["comment"] or None
    elif row.type == Notification.Type.ADDED_TO_COLLECTION:
        title, summary = _("{person} added you to the collection “{collection}”"), None
    elif row.type == Notification.Type.COLLECTION_UPDATE:
        title, summary = _("{person} changed the collection “{collection}” that you are in"), None
    else:
        return {}
    collection = collections.get(row.collection_id or 0, {"name": ""})
    target = accounts[row.subject["target_account_id"]] if row.subject else None
    names = {
        "person": sender,
        "target": f"@{target['acct']}" if target else "",
        "collection": collection["name"],
    }
    return {
        "fallback": {
            "title": format_html(title, **names),
            "summary": format_html("<p>{}</p>", summary) if summary else None,
            "description": None,
        }
    }
