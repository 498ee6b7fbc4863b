"""Celery: the worker and beat processes, their queues and their clock.

Redis makes jobs fast and loses them at times; the sweeps in the clock make certain that nothing owed is lost.
"""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "genosocial.settings")

QUEUES = ("ingress", "deliver", "fanout", "media", "mail", "push", "default")

app = Celery("genosocial")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_queues=[Queue(name) for name in QUEUES],
    task_default_queue="default",
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    # Longer than any job runs; a job that is lost with its worker comes back after this.
    broker_transport_options={
        "visibility_timeout": 900,
        "socket_timeout": 30,
        "socket_keepalive": True,
    },
    timezone="UTC",
)
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_logging(**kwargs: Any) -> None:
    """Stop Celery from installing its own log handlers; settings did it."""


@app.on_after_finalize.connect
def set_clock(sender: Celery, **kwargs: Any) -> None:
    """Collect the clocks that the apps' ``tasks.py`` declare."""
    import accounts.tasks
    import federation.tasks
    import invites.tasks
    import media.tasks
    import timelines.tasks

    for module in (accounts.tasks, federation.tasks, media.tasks, invites.tasks, timelines.tasks):
        sender.conf.beat_schedule.update(module.BEAT_SCHEDULE)
