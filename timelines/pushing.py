"""Web Push: notifications for apps that are closed, sent to the push services that their phones listen to.

`enqueue` is called by the job that tells listening apps; subscriptions are kept by timelines/push.py. A push
is a hint: what is lost, the app sees when it is opened.
Source: API behaviours section 14; RFC 8030.
"""

import logging
import time
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from celery import Task, shared_task
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.entities import avatar_url
from accounts.models import Account, Follow, VapidKey
from accounts.oauth.tokens import secret_of
from accounts.vapid import key_pair
from core import http
from core.api.rendering import dumps
from core.errors import RemoteUnreachable
from core.text import html_to_text
from core.webpush import base64url, encrypt, encrypt_as_drafted, sign_claims
from timelines.models import Notification, PushSubscription
from timelines.push import decode_key, signed_id

log = logging.getLogger(__name__)

OLDEST = timedelta(hours=48)
_LIVES_SECONDS = 172_800
_PROVEN_SECONDS = 24 * 3600
_BODY_LENGTH = 140
_ATTEMPTS = 5
_FIRST_RETRY_SECONDS = 30
# Answers of a push service that say "later"; every other refusal is for good.
_LATER = (408, 429)
_Policy = PushSubscription.Policy
TITLES: Mapping[str, Promise] = {
    Notification.Type.MENTION: _("%(name)s mentioned you"),
    Notification.Type.STATUS: _("%(name)s posted"),
    Notification.Type.REBLOG: _("%(name)s boosted your post"),
    Notification.Type.FOLLOW: _("%(name)s follows you"),
    Notification.Type.FOLLOW_REQUEST: _("%(name)s wants to follow you"),
    Notification.Type.FAVOURITE: _("%(name)s favourited your post"),
    Notification.Type.UPDATE: _("%(name)s edited a post"),
    Notification.Type.POLL: _("A poll by %(name)s has ended"),
    Notification.Type.QUOTE: _("%(name)s quoted you"),
    Notification.Type.QUOTED_UPDATE: _("%(name)s edited a post that you quoted"),
    Notification.Type.ADMIN_SIGN_UP: _("%(name)s signed up"),
    Notification.Type.ADMIN_REPORT: _("%(name)s reported somebody"),
    Notification.Type.ADDED_TO_COLLECTION: _("%(name)s added you to a collection"),
    Notification.Type.COLLECTION_UPDATE: _("%(name)s changed a collection that you are in"),
}


def enqueue(notification: Notification) -> None:
    """Hand a notification out to those apps of its account that want it pushed."""
    if notification.filtered or notification.created_at < timezone.now() - OLDEST:
        return
    subscriptions = PushSubscription.objects.filter(
        token__account=notification.account_id,
        token__revoked_at__isnull=True,
        alerts__contains={notification.type: True},
    )
    for subscription in subscriptions:
        if _is_wanted(subscription, notification):
            send_push.delay(subscription_id=subscription.pk, notification_id=notification.pk)


def _is_wanted(subscription: PushSubscription, notification: Notification) -> bool:
    reader, sender = notification.account_id, notification.from_account_id
    follows = Follow.objects.accepted()
    if subscription.policy == _Policy.FOLLOWED:
        return follows.filter(account=reader, target=sender).exists()
    if subscription.policy == _Policy.FOLLOWER:
        return follows.filter(account=sender, target=reader).exists()
    return subscription.policy == _Policy.ALL


@shared_task(name="timelines.send_push", queue="push", bind=True, max_retries=_ATTEMPTS - 1)
def send_push(task: Task, *, subscription_id: int, notification_id: int) -> None:
    """Push one notification to one app, once; later again when its push service says so or is away."""
    rows = PushSubscription.objects.filter(pk=subscription_id, token__revoked_at__isnull=True)
    subscription = rows.select_related("token__user").first()
    notification = (
        Notification.objects.filter(pk=notification_id, created_at__gte=timezone.now() - OLDEST)
        .select_related("from_account", "status")
        .first()
    )
    done = f"pushed:{subscription_id}:{notification_id}"
    if subscription is None or notification is None or cache.get(done):
        return
    try:
        status = _send(subscription, notification)
    except RemoteUnreachable as error:
        log.info("push_failed", extra={"cause": str(error)})
        status = None
    if status is None or status >= 500 or status in _LATER:
        raise task.retry(countdown=_FIRST_RETRY_SECONDS * 4**task.request.retries)
    if status >= 400:
        log.info("push_refused", extra={"status": status})
        subscription.delete()
    cache.set(done, 1, _LIVES_SECONDS)


def _send(subscription: PushSubscription, notification: Notification) -> int:
    """Return the status that the push service answers with. Raises RemoteUnreachable."""
    message = dumps(render_push(subscription, notification))
    body, headers = _sealed(subscription, message)
    headers |= {
        "Content-Type": "application/octet-stream",
        "TTL": str(_LIVES_SECONDS),
        "Urgency": "normal",
        "Unsubscribe-URL": f"{settings.BASE_URL}/api/web/push_subscriptions/{signed_id(subscription)}",
    }
    return http.current_wire().run(http.post(subscription.endpoint, body, headers)).status


def _sealed(subscription: PushSubscription, message: bytes) -> tuple[bytes, dict[str, str]]:
    """Return the body, and the headers that tell how it is encrypted and who sends it."""
    receiver, secret = decode_key(subscription.p256dh), decode_key(subscription.auth)
    pair = key_pair()
    proof = _proof(pair, subscription.endpoint)
    if subscription.standard:
        authorization = f"vapid t={proof},k={pair.public_key}"
        return encrypt(message, receiver, secret), {
            "Content-Encoding": "aes128gcm",
            "Authorization": authorization,
        }
    body, salt, sender = encrypt_as_drafted(message, receiver, secret)
    return body, {
        "Content-Encoding": "aesgcm",
        "Encryption": f"salt={base64url(salt)}",
        "Crypto-Key": f"dh={base64url(sender)};p256ecdsa={pair.public_key}",
        "Authorization": f"WebPush {proof}",
    }


def _proof(pair: VapidKey, endpoint: str) -> str:
    parts = urlsplit(endpoint)
    audience = f"{parts.scheme}://{parts.netloc}"
    contact = f"mailto:{settings.CONTACT_EMAIL}"
    return sign_claims(pair.private_key_pem, audience, contact, int(time.time()) + _PROVEN_SECONDS)


def render_push(subscription: PushSubscription, notification: Notification) -> dict[str, object]:
    """Return what the app reads after decryption, in the language of its person."""
    token, sender = subscription.token, notification.from_account
    language = token.user.locale if token.user and token.user.locale else settings.LANGUAGE_CODE
    with translation.override(language):
        title = render_title(notification)
    return {
        "access_token": secret_of(token.pk),
        "preferred_locale": language,
        "notification_id": notification.pk,
        "notification_type": notification.type,
        "icon": avatar_url(sender),
        "title": title,
        "body": _body(notification, sender),
    }


def render_title(notification: Notification) -> str:
    """Return in a few words who did what, in the current language."""
    sender = notification.from_account
    return str(TITLES[notification.type]) % {"name": sender.display_name or sender.username}


def _body(notification: Notification, sender: Account) -> str:
    status = notification.status
    text = status.spoiler_text or html_to_text(status.content) if status else html_to_text(sender.note)
    shown = " ".join(text.split())
    return shown if len(shown) <= _BODY_LENGTH else f"{shown[: _BODY_LENGTH - 1]}…"
