"""Notifications reach the push service of an app that is closed, sealed for it alone."""

import base64
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import orjson
import pytest
from celery.exceptions import Retry
from cryptography.hazmat.primitives.asymmetric import ec

from accounts.models import User
from tests.federation.fake_peer import FakePeer, running_peer
from tests.loopback import Received, answer
from tests.push_service import decoded, decrypt, decrypt_as_drafted, point_of
from tests.timelines.people import Person, let_follow
from timelines import pushing
from timelines.models import Notification, PushSubscription

pytestmark = pytest.mark.django_db
Jobs = Callable[[], None]
SECRET = b"0123456789abcdef"
KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def service(settings: Any) -> Iterator[FakePeer]:
    with running_peer(settings, "push") as peer:
        peer.add("/anna", answer(status=201))
        yield peer


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def subscribe(
    person: Person, service: FakePeer, *alerts: str, standard: bool = True, policy: str = "all"
) -> None:
    keys = {"p256dh": encoded(point_of(KEY)), "auth": encoded(SECRET)}
    made = person.app.post(
        "/api/v1/push/subscription",
        {
            "subscription": {"endpoint": f"{service.base}/anna", "keys": keys, "standard": standard},
            "data": {"alerts": dict.fromkeys(alerts, True), "policy": policy},
        },
    )
    assert made.status_code == 200, made.content


def pushes(service: FakePeer) -> list[Received]:
    return [request for request in service.server.received if request.method == "POST"]


def message(request: Received) -> dict[str, Any]:
    opened: dict[str, Any] = orjson.loads(decrypt(request.body, KEY, SECRET))
    return opened


def test_a_mention_is_pushed(anna: Person, bertha: Person, service: FakePeer, run_jobs: Jobs) -> None:
    User.objects.filter(memberships__account=anna.account).update(locale="de")
    subscribe(anna, service, "mention")
    bertha.post("Hallo @anna, " + "sehr lang " * 30)
    run_jobs()
    (request,) = pushes(service)
    sent = message(request)
    told = Notification.objects.get(account=anna.account, type="mention")
    assert (sent["notification_id"], sent["notification_type"]) == (told.pk, "mention")
    assert "erwähnt" in sent["title"] and sent["preferred_locale"] == "de"
    assert sent["body"].startswith("Hallo @anna, sehr lang") and len(sent["body"]) == 140
    assert sent["icon"].startswith("http")
    assert sent["access_token"] == anna.app.token
    headers = request.headers
    assert (headers["content-encoding"], headers["ttl"], headers["urgency"]) == (
        "aes128gcm",
        "172800",
        "normal",
    )
    assert headers["content-type"] == "application/octet-stream"
    assert headers["authorization"].startswith("vapid t=")


def test_older_apps_get_the_older_encryption(
    anna: Person, bertha: Person, service: FakePeer, run_jobs: Jobs
) -> None:
    subscribe(anna, service, "mention", standard=False)
    bertha.post("Hallo @anna", spoiler_text="Gruß")
    run_jobs()
    (request,) = pushes(service)
    assert request.headers["content-encoding"] == "aesgcm"
    salt = request.headers["encryption"].removeprefix("salt=")
    dh, server_key = request.headers["crypto-key"].split(";")
    opened = decrypt_as_drafted(request.body, decoded(salt), decoded(dh.removeprefix("dh=")), KEY, SECRET)
    assert orjson.loads(opened)["body"] == "Gruß"
    public = anna.see("/api/v2/instance")["configuration"]["vapid"]["public_key"]
    assert server_key == f"p256ecdsa={public}"
    assert request.headers["authorization"].startswith("WebPush ")


def test_only_what_the_app_asked_for(
    anna: Person, bertha: Person, cem: Person, service: FakePeer, run_jobs: Jobs
) -> None:
    subscribe(anna, service, "mention", policy="followed")
    let_follow(anna.account, bertha.account)
    for person in (bertha, cem):
        person.post("@anna hallo")
    post = anna.post("meins")
    bertha.app.post(f"/api/v1/statuses/{post['id']}/favourite")
    run_jobs()
    assert [message(request)["body"] for request in pushes(service)] == ["@anna hallo"]


def test_what_is_held_back_is_not_pushed(
    anna: Person, bertha: Person, service: FakePeer, run_jobs: Jobs
) -> None:
    subscribe(anna, service, "mention")
    anna.app.patch("/api/v2/notifications/policy", {"for_not_following": "filter"})
    bertha.post("@anna hallo")
    run_jobs()
    assert pushes(service) == []


def test_nothing_is_pushed_twice_and_nothing_old(
    anna: Person, bertha: Person, service: FakePeer, run_jobs: Jobs
) -> None:
    subscribe(anna, service, "mention")
    bertha.post("@anna hallo")
    run_jobs()
    told, subscription = (
        Notification.objects.get(account=anna.account, type="mention"),
        PushSubscription.objects.get(),
    )
    pushing.send_push.run(subscription_id=subscription.pk, notification_id=told.pk)
    assert len(pushes(service)) == 1
    told.created_at -= timedelta(hours=49)
    pushing.enqueue(told)
    assert len(pushes(service)) == 1


@pytest.mark.parametrize("status", [404, 410, 403])
def test_an_address_that_is_gone_is_forgotten(
    anna: Person, bertha: Person, service: FakePeer, run_jobs: Jobs, status: int
) -> None:
    service.add("/anna", answer(status=status))
    subscribe(anna, service, "mention")
    bertha.post("@anna hallo")
    run_jobs()
    assert not PushSubscription.objects.exists()


@pytest.mark.parametrize("status", [500, 429, 408])
def test_a_service_that_is_busy_is_asked_again(
    anna: Person, bertha: Person, service: FakePeer, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.add("/anna", answer(status=status))
    subscribe(anna, service, "mention")
    bertha.post("@anna hallo")
    told, subscription = (
        Notification.objects.get(account=anna.account, type="mention"),
        PushSubscription.objects.get(),
    )
    waits: list[int] = []

    def later(countdown: int) -> Retry:
        waits.append(countdown)
        return Retry()

    monkeypatch.setattr(pushing.send_push, "retry", later)
    with pytest.raises(Retry):
        pushing.send_push.run(subscription_id=subscription.pk, notification_id=told.pk)
    assert waits == [30] and PushSubscription.objects.exists()


def test_everybody_reads_it_in_their_language(
    anna: Person, bertha: Person, service: FakePeer, run_jobs: Jobs
) -> None:
    User.objects.filter(memberships__account=anna.account).update(locale="en")
    subscribe(anna, service, "follow")
    let_follow(bertha.account, anna.account)
    run_jobs()
    assert message(pushes(service)[0])["title"] == "Bertha follows you"


def test_there_are_words_for_every_kind() -> None:
    assert set(pushing.TITLES) == set(Notification.Type.values)
