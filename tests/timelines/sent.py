"""What is owed to other servers, for the tests of what statuses send."""

from federation.models import OutboundActivity


def types_sent() -> list[str]:
    """Return the types of the activities that wait for delivery, in order."""
    return list(OutboundActivity.objects.order_by("pk").values_list("activity_type", flat=True))


def forget_sent() -> None:
    """Let only what comes now count."""
    OutboundActivity.objects.all().delete()
