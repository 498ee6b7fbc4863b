"""Address → door."""

from django.urls import URLPattern, URLResolver, path

from accounts.api import apps as app_doors
from accounts.oauth import endpoints as oauth
from accounts.oauth import pages as oauth_pages
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
    # accounts: OAuth
    path("api/v1/apps", app_doors.Apps.as_view()),
    path("api/v1/apps/verify_credentials", app_doors.OwnApp.as_view()),
    path("oauth/authorize", oauth_pages.Authorize.as_view(), name="oauth-authorize"),
    path("oauth/authorize/native", oauth_pages.show_code, name="oauth-native"),
    path("oauth/token", oauth.Token.as_view()),
    path("oauth/revoke", oauth.Revoke.as_view()),
    path("oauth/userinfo", oauth.UserInfo.as_view()),
    path(".well-known/oauth-authorization-server", oauth.Metadata.as_view()),
]
