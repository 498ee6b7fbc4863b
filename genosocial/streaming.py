"""The streaming process: `uvicorn genosocial.streaming:app --ws-ping-interval 30 --ws-ping-timeout 30`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "genosocial.settings")
django.setup()

from django.conf import settings  # noqa: E402

from timelines.streaming.app import StreamingApp  # noqa: E402

app = StreamingApp(settings.REDIS_URL)
