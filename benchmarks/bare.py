"""The whole application with one view more, which only makes one INSERT: `inbox.py` measures by it."""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt

from genosocial.wsgi import application as application

TABLE = "CREATE TABLE benchmark_bare (id bigserial PRIMARY KEY, body text NOT NULL)"


@csrf_exempt
def bare(request: HttpRequest) -> HttpResponse:
    """Store what was sent and answer 202."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO benchmark_bare (body) VALUES (%s)", [request.body.decode()])
    return HttpResponse(status=202)


import_string("genosocial.urls.urlpatterns").append(path("bare", bare))
