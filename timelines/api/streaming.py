"""Sends apps that ask the web server for a stream to the streaming server.

Source: API behaviours section 13, last paragraph.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from core.api.errors import json_not_found


@csrf_exempt
def redirect_to_streaming(request: HttpRequest, path: str = "") -> HttpResponse:
    """Answer 301 to the streaming server; 404 if it has our own address: then the proxy sends it there."""
    address = settings.STREAMING_URL.replace("ws", "http", 1)
    if address == settings.BASE_URL:
        return json_not_found(request)
    response = HttpResponse(status=301)
    response["Location"] = address + request.get_full_path()
    return response
