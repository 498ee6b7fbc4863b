"""Address → door."""

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, path

from accounts.api import apps as app_doors
from accounts.oauth import endpoints as oauth
from accounts.oauth import pages as oauth_pages
from federation.urls import urlpatterns as federation_urls
from accounts.pages import confirmation, passwords
from accounts.pages.home import home
from accounts.pages.signing_in import SignIn
from core import pages as core_pages
from genosocial.health import health
from invites.pages import signup as sign_up_pages
from media.api.custom_emojis import CustomEmojis
from media.api.media import Media, MediaUploads
from media.views import serve_media
from moderation.pages import invitations

urlpatterns: list[URLPattern | URLResolver] = [
    path("health", health),
    # pages: getting in
    path("", home, name="home"),
    path("login", SignIn.as_view(), name="login"),
    path("logout", LogoutView.as_view(), name="logout"),
    path("confirm/again", confirmation.mail_again, name="confirm-again"),
    path("confirm/<str:token>", confirmation.confirm, name="confirm_email"),
    path("password/forgotten", passwords.forgotten, name="password-forgotten"),
    path("password/reset/<uidb64>/<token>", passwords.ResetPassword.as_view(), name="password-reset"),
    path("password/change", passwords.ChangePassword.as_view(), name="password-change"),
    path("invite/<str:token>", sign_up_pages.sign_up, name="invite"),
    path("sign-up/sent", sign_up_pages.sent, name="sign-up-sent"),
    path("development/mails", core_pages.development_mails, name="development-mails"),
    # pages: staff
    path("staff/invitations", invitations.invitations, name="staff-invitations"),
    path("staff/invitations/<int:invite_id>/revoke", invitations.revoke, name="staff-invitation-revoke"),
    # federation: inboxes, the instance actor, host-meta, NodeInfo
    *federation_urls,
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

handler403 = "core.pages.forbidden"
handler404 = "core.pages.not_found"
handler500 = "core.pages.broken"
