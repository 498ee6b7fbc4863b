"""Wiring: settings, addresses, routes of the inbox and of events, processes."""

from genosocial.celery import app as celery_app

__all__ = ["celery_app"]
