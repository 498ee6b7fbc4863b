"""The federation's jobs and their clock: names only, the work is in `inbox.py`, `pump.py` and `delivery.py`.

Jobs make it fast; the sweeps make it certain: whatever a killed worker or a flushed Redis left behind is
found by its row within seconds.
"""

from typing import Any

from celery import shared_task
from django.utils import timezone

from federation import delivery, inbox, pump


@shared_task(name="federation.process_actor", queue="ingress")
def process_actor(*, actor_uri: str) -> None:
    """Process what an actor has sent."""
    if inbox.process_actor_items(actor_uri):
        process_actor.delay(actor_uri=actor_uri)


@shared_task(name="federation.send_deliveries", queue="deliver")
def send_deliveries() -> None:
    """Send all deliveries that are due."""
    if pump.pump_deliveries():
        send_deliveries.delay()


@shared_task(name="federation.sweep_inbox", queue="default")
def sweep_inbox() -> None:
    """Hand out received activities that no job is working on."""
    for actor_uri in inbox.sweep_items(timezone.now()):
        process_actor.delay(actor_uri=actor_uri)


@shared_task(name="federation.sweep_deliveries", queue="default")
def sweep_deliveries() -> None:
    """Wake a worker for retries that are due and for what a killed worker had claimed."""
    if delivery.is_anything_due(timezone.now()):
        send_deliveries.delay()


@shared_task(name="federation.forget_done", queue="default")
def forget_done() -> None:
    """Delete what was processed or delivered long enough ago."""
    inbox.forget_done(timezone.now())
    delivery.forget_done(timezone.now())


def _every(seconds: float, name: str) -> dict[str, Any]:
    # What nobody took until the next round is void: a stopped worker must not find a heap of sweeps.
    return {"task": name, "schedule": seconds, "options": {"expires": seconds}}


BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    name: _every(seconds, name)
    for name, seconds in (
        ("federation.sweep_inbox", 10.0),
        ("federation.sweep_deliveries", 10.0),
        ("federation.forget_done", 3600.0),
    )
}
