"""The federation's jobs and their clock: names only, the work is in `inbox.py`, `pump.py` and `delivery.py`.

Jobs make it fast; the sweeps make it certain: whatever a killed worker or a flushed Redis left behind is
found by its row within seconds.
"""

from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down
from django.utils import timezone

from federation import claims, delivery, inbox, inbox_queue, peers, pump


@shared_task(name="federation.process_inbox", queue="ingress")
def process_inbox() -> None:
    """Process what has come in."""
    if inbox.process_due():
        process_inbox.delay()


@shared_task(name="federation.process_inbox_with_network", queue="default")
def process_inbox_with_network() -> None:
    """Process what has come in and may have to wait for other servers."""
    if inbox.process_with_network():
        process_inbox_with_network.delay()


@shared_task(name="federation.send_deliveries", queue="deliver")
def send_deliveries() -> None:
    """Send all deliveries that are due."""
    pump.pump_deliveries()


@worker_shutting_down.connect
def stop_sending(**kwargs: Any) -> None:
    """Let a worker that is told to stop end soon; what is owed is sent by others, or later."""
    pump.stop()


@shared_task(name="federation.sweep_inbox", queue="default")
def sweep_inbox() -> None:
    """Wake workers for received activities whose turn to be tried again has come, or whose job was lost."""
    process_inbox.delay()
    process_inbox_with_network.delay()


@shared_task(name="federation.sweep_deliveries", queue="default")
def sweep_deliveries() -> None:
    """Wake a worker for retries that are due and for what a killed worker had claimed."""
    if claims.is_anything_due(timezone.now()):
        send_deliveries.delay()


@shared_task(name="federation.forget_done", queue="default")
def forget_done() -> None:
    """Delete what was processed or delivered long enough ago."""
    inbox_queue.forget_done(timezone.now())
    delivery.forget_done(timezone.now())
    peers.forget_failures(timezone.now())


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
