"""Web Push: where apps want notifications pushed to. Sent by timelines/pushing.py.

Called by the API doors; `on_tokens_revoked` through genosocial/event_routes.py.
Source: API behaviours section 14; RFC 8291 section 2 (keys).
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from django.core.signing import BadSignature, Signer
from django.utils.translation import gettext as _

from accounts.events import TokensRevoked
from core.errors import NotFound, Unprocessable
from timelines.models import Notification, PushSubscription

LONGEST_ENDPOINT = 2048
AUTH_BYTES = 16
_BASE64 = re.compile(r"[A-Za-z0-9_+/-]{1,100}={0,2}")


@dataclass(frozen=True)
class Wishes:
    """What an app wants pushed: types it wants to hear of, and of whom."""

    alerts: Mapping[str, bool]
    policy: str = PushSubscription.Policy.ALL


@dataclass(frozen=True)
class Target:
    """Where to push to; ``standard`` is RFC 8291 as published, else its fourth draft."""

    endpoint: str
    p256dh: str
    auth: str
    standard: bool = False


def subscribe(token_id: int, target: Target, wishes: Wishes, now: datetime) -> PushSubscription:
    """Keep where a token's app is pushed to, instead of what it said before. Raises Unprocessable."""
    _check_endpoint(target.endpoint)
    _check_keys(target)
    _check_policy(wishes)
    values = {
        "endpoint": target.endpoint,
        "p256dh": target.p256dh,
        "auth": target.auth,
        "standard": target.standard,
        "alerts": known_alerts(wishes.alerts),
        "policy": wishes.policy,
        "updated_at": now,
    }
    # A new number: what is on its way to the old address is none of the new one's.
    PushSubscription.objects.filter(token=token_id).exclude(endpoint=target.endpoint).delete()
    return PushSubscription.objects.update_or_create(
        token_id=token_id, defaults=values, create_defaults={**values, "created_at": now}
    )[0]


def get_subscription(token_id: int) -> PushSubscription:
    """Return the subscription of a token. Raises NotFound."""
    found = PushSubscription.objects.filter(token=token_id).first()
    if found is None:
        raise NotFound()
    return found


def change_wishes(token_id: int, wishes: Wishes, now: datetime) -> PushSubscription:
    """Replace all alerts, and the policy. Raises NotFound, Unprocessable."""
    subscription = get_subscription(token_id)
    _check_policy(wishes)
    subscription.alerts, subscription.policy = known_alerts(wishes.alerts), wishes.policy
    subscription.updated_at = now
    subscription.save(update_fields=["alerts", "policy", "updated_at"])
    return subscription


def subscribed_accounts(account_ids: Iterable[int]) -> set[int]:
    """Return those of the accounts that have an app which wants notifications pushed."""
    rows = PushSubscription.objects.filter(token__account__in=list(account_ids))
    return set(rows.values_list("token__account", flat=True))


def unsubscribe(token_id: int) -> None:
    """Push nothing to this token's app any more; harmless when repeated."""
    PushSubscription.objects.filter(token=token_id).delete()


def signed_id(subscription: PushSubscription) -> str:
    """Return what stands in the address by which a push service may end a subscription."""
    return _signer().sign(str(subscription.pk))


def unsubscribe_signed(signed: str) -> None:
    """End the subscription whose signed id this is; for any other text nothing happens."""
    try:
        subscription_id = int(_signer().unsign(signed))
    except BadSignature:
        return
    PushSubscription.objects.filter(pk=subscription_id).delete()


def _signer() -> Signer:
    return Signer(salt="timelines.push")


def on_tokens_revoked(event: TokensRevoked) -> None:
    """Forget where apps whose tokens ended wanted to be pushed to."""
    PushSubscription.objects.filter(token__in=event.token_ids).delete()


def known_alerts(alerts: Mapping[str, bool]) -> dict[str, bool]:
    """Return all types that there are; those that the app did not name are off."""
    return {name: alerts.get(name, False) for name in Notification.Type.values}


def _check_endpoint(endpoint: str) -> None:
    try:
        parts = urlsplit(endpoint)
        usable = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or len(endpoint) > LONGEST_ENDPOINT or not endpoint.isascii() or " " in endpoint:
        raise Unprocessable(_("The address of the push service cannot be used"))


def _check_keys(target: Target) -> None:
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode_key(target.p256dh))
        fits = len(decode_key(target.auth)) == AUTH_BYTES
    except ValueError:
        fits = False
    if not fits:
        raise Unprocessable(_("The keys of the push subscription cannot be used"))


def decode_key(text: str) -> bytes:
    """Return the bytes of a key in base64url or base64, with or without padding. Raises ValueError."""
    if not _BASE64.fullmatch(text):
        raise ValueError("no base64")
    plain = text.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        return base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
    except binascii.Error as error:
        raise ValueError("no base64") from error


def _check_policy(wishes: Wishes) -> None:
    if wishes.policy not in PushSubscription.Policy.values:
        raise Unprocessable(_("The push policy is unknown"))
