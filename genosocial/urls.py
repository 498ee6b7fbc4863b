"""Address → door."""

from django.urls import URLPattern, URLResolver, path

from genosocial.health import health
from media.api.custom_emojis import CustomEmojis
from media.api.media import Media, MediaUploads
from media.views import serve_media

urlpatterns: list[URLPattern | URLResolver] = [
    path("health", health),
    # media
    path("api/v1/media", MediaUploads.as_view()),
    path("api/v2/media", MediaUploads.as_view()),
    path("api/v1/media/<str:media_id>", Media.as_view()),
    path("api/v1/custom_emojis", CustomEmojis.as_view()),
    path("media_files/<path:path>", serve_media),
]
