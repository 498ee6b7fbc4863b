"""`GET /health`: whether this web process can do its work; asked by `bin/up` and containers."""

from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from redis import RedisError

from core import pubsub


def health(request: HttpRequest) -> HttpResponse:
    """Answer 200 "OK" when database and Redis answer, else 503 with the name of what does not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except OperationalError:
        return HttpResponse("database\n", status=503, content_type="text/plain")
    try:
        pubsub.connection().ping()
    except RedisError:
        return HttpResponse("redis\n", status=503, content_type="text/plain")
    # Without a line end: Mastodon.py compares the whole body.
    return HttpResponse("OK", content_type="text/plain")
