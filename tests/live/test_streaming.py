"""Streams as apps open them: WebSocket, server-sent events, tokens in all places, and what ends them."""

import json
import socket as sockets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, islice, product
from typing import Any

import httpx
import pytest
from django.utils import timezone
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from accounts.models import AccessToken, Account
from accounts.oauth.tokens import hash_secret, revoke_token
from core.pubsub import connection as redis_connection
from core.pubsub import publish, wire_name
from tests.cast import app_token, make_account, token_for
from tests.in_process import HOST, StreamingServer
from timelines.models import List
from timelines.streaming.readers import find_readers

STATUS = {"id": "7", "content": "<p>Guten Tag</p>", "media_attachments": []}
PICTURE = {**STATUS, "id": "8", "media_attachments": [{"id": "1"}]}
TIMEOUT = 5

_numbers = count(1)


def somebody() -> Account:
    """Make an account that no other test of the module knows."""
    return make_account(f"person{next(_numbers)}")


@contextmanager
def socket(
    server: StreamingServer, token: str = "", query: str = "", **options: Any
) -> Iterator[ClientConnection]:
    """Open a WebSocket with the token in the header."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with connect(server.ws_url + query, additional_headers=headers, proxy=None, **options) as opened:
        yield opened


def subscribe(opened: ClientConnection, channel: str, **command: str) -> None:
    """Subscribe and wait until the server hears the channel."""
    opened.send(json.dumps({"type": "subscribe", **command}))
    wait_for_listeners(channel, 1)


def wait_for_listeners(channel: str, count: int) -> None:
    """Wait until so many processes have subscribed to a channel of Redis."""
    for _ in range(1000):
        if redis_connection().pubsub_numsub(wire_name(channel))[0][1] == count:
            return
    raise AssertionError(f"{channel} has not {count} listeners")


def next_frame(opened: ClientConnection) -> dict[str, Any]:
    """Return the next frame with its payload decoded twice, as apps do."""
    frame: dict[str, Any] = json.loads(opened.recv(timeout=TIMEOUT))
    return frame


def refused_status(server: StreamingServer, token: str = "", **options: Any) -> InvalidStatus:
    """Return how the server refuses to upgrade."""
    with pytest.raises(InvalidStatus) as refusal, socket(server, token, **options):
        pass
    return refusal.value


def test_a_home_stream_carries_what_is_published_for_the_account(streaming: StreamingServer) -> None:
    anna, bertha = somebody(), somebody()
    with socket(streaming, token_for(anna)) as opened:
        subscribe(opened, f"timeline:{anna.pk}", stream="user")
        publish(f"timeline:{bertha.pk}", "update", {**STATUS, "id": "not for Anna"})
        publish(f"timeline:{anna.pk}", "update", STATUS)
        publish(f"timeline:{anna.pk}", "delete", "7")
        first, second = next_frame(opened), next_frame(opened)
    assert first["stream"] == ["user"]
    assert first["event"] == "update"
    assert json.loads(first["payload"]) == STATUS
    assert second == {"stream": ["user"], "event": "delete", "payload": "7"}


def test_one_socket_carries_many_streams_until_it_unsubscribes(streaming: StreamingServer) -> None:
    anna = somebody()
    with socket(streaming, token_for(anna)) as opened:
        subscribe(opened, "timeline:public:local", stream="public:local")
        subscribe(opened, "timeline:hashtag:genossenschaft", stream="hashtag", tag="Genossenschaft")
        subscribe(opened, "timeline:hashtag:genossenschaft", stream="hashtag", tag="Genossenschaft")
        publish("timeline:public:local", "update", STATUS)
        publish("timeline:hashtag:genossenschaft", "update", STATUS)
        assert next_frame(opened)["stream"] == ["public:local"]
        # masto.js drops frames that do not name the tag as it was subscribed.
        assert next_frame(opened)["stream"] == ["hashtag", "Genossenschaft"]
        opened.send(json.dumps({"type": "unsubscribe", "stream": "public:local"}))
        wait_for_listeners("timeline:public:local", 0)
        publish("timeline:public:local", "update", STATUS)
        publish("timeline:hashtag:genossenschaft", "delete", "7")
        assert next_frame(opened)["event"] == "delete"


def test_a_list_is_streamed_to_its_owner_alone(streaming: StreamingServer) -> None:
    anna, bertha = somebody(), somebody()
    row = List.objects.create(account=anna, title="Bäckereien")
    with socket(streaming, token_for(bertha)) as opened:
        opened.send(json.dumps({"type": "subscribe", "stream": "list", "list": str(row.pk)}))
        assert next_frame(opened)["status"] == 401
    with socket(streaming, token_for(anna)) as opened:
        subscribe(opened, f"timeline:list:{row.pk}", stream="list", list=str(row.pk))
        publish(f"timeline:list:{row.pk}", "update", STATUS)
        assert next_frame(opened)["stream"] == ["list", str(row.pk)]


def test_conversations_are_streamed_to_their_reader(streaming: StreamingServer) -> None:
    anna = somebody()
    with socket(streaming, token_for(anna)) as opened:
        subscribe(opened, f"timeline:direct:{anna.pk}", stream="direct")
        publish(f"timeline:direct:{anna.pk}", "conversation", {"id": "1"})
        assert next_frame(opened)["event"] == "conversation"


def test_a_stream_named_in_the_address_needs_no_command(streaming: StreamingServer) -> None:
    anna = somebody()
    query = f"?stream=hashtag:local&tag=Brot&access_token={token_for(anna)}"
    with socket(streaming, query=query) as opened:
        wait_for_listeners("timeline:hashtag:brot:local", 1)
        publish("timeline:hashtag:brot:local", "update", STATUS)
        assert next_frame(opened)["stream"] == ["hashtag:local", "Brot"]


def test_a_token_offered_as_subprotocol_is_echoed(streaming: StreamingServer) -> None:
    token = token_for(somebody())
    with socket(streaming, subprotocols=[token]) as opened:
        assert opened.subprotocol == token


def test_media_streams_leave_out_posts_without_pictures(streaming: StreamingServer) -> None:
    with socket(streaming, token_for(somebody())) as opened:
        subscribe(opened, "timeline:public:remote", stream="public:remote:media")
        publish("timeline:public:remote", "update", STATUS)
        publish("timeline:public:remote", "update", PICTURE)
        publish("timeline:public:remote", "delete", "7")
        assert json.loads(next_frame(opened)["payload"])["id"] == "8"
        assert next_frame(opened)["event"] == "delete"


@pytest.mark.parametrize(
    ("scopes", "stream", "events"),
    [
        ("read", "user", ["update", "notification", "delete"]),
        ("read:statuses", "user", ["update", "delete"]),
        ("read:statuses read:notifications", "user", ["update", "notification", "delete"]),
        ("read:notifications", "user:notification", ["notification"]),
    ],
)
def test_scopes_decide_whether_notifications_come_through(
    streaming: StreamingServer, scopes: str, stream: str, events: list[str]
) -> None:
    anna = somebody()
    with socket(streaming, token_for(anna, scopes)) as opened:
        subscribe(opened, f"timeline:{anna.pk}", stream=stream)
        for event, payload in (("update", STATUS), ("notification", {"id": "3"}), ("delete", "7")):
            publish(f"timeline:{anna.pk}", event, payload)
        assert [next_frame(opened)["event"] for _ in events] == events
        with pytest.raises(TimeoutError):
            opened.recv(timeout=0.1)


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ({"type": "subscribe", "stream": "weather"}, 400),
        ({"type": "subscribe", "stream": "hashtag"}, 400),
        ({"type": "subscribe", "stream": "list"}, 400),
        ({"type": "subscribe", "stream": "list", "list": "1"}, 401),
        ({"type": "subscribe", "stream": "user:notification"}, 401),
        (["nonsense"], 400),
    ],
)
def test_what_cannot_be_subscribed_is_said_and_the_socket_stays(
    streaming: StreamingServer, command: Any, status: int
) -> None:
    anna = somebody()
    with socket(streaming, token_for(anna, "read:statuses")) as opened:
        opened.send(json.dumps(command))
        refusal = next_frame(opened)
        assert refusal["status"] == status
        assert refusal["error"]
        subscribe(opened, f"timeline:{anna.pk}", stream="user")
        publish(f"timeline:{anna.pk}", "delete", "7")
        assert next_frame(opened)["event"] == "delete"


def test_a_socket_follows_a_hundred_streams_and_no_more(streaming: StreamingServer) -> None:
    with socket(streaming, token_for(somebody())) as opened:
        for number in range(101):
            opened.send(json.dumps({"type": "subscribe", "stream": "hashtag", "tag": f"t{number}"}))
        assert next_frame(opened)["status"] == 400
        wait_for_listeners("timeline:hashtag:t99", 1)
        wait_for_listeners("timeline:hashtag:t100", 0)


def test_a_binary_frame_closes_the_socket(streaming: StreamingServer) -> None:
    with socket(streaming, token_for(somebody())) as opened:
        opened.send(b"\x00")
        with pytest.raises(ConnectionClosed) as closing:
            opened.recv(timeout=TIMEOUT)
    assert closing.value.rcvd is not None
    assert closing.value.rcvd.code == 1003


def test_a_frame_too_large_closes_its_socket_and_no_other(streaming: StreamingServer) -> None:
    anna = somebody()
    with socket(streaming, token_for(anna)) as opened, socket(streaming, token_for(anna)) as kept:
        subscribe(kept, f"timeline:{anna.pk}", stream="user")
        opened.send("x" * 1_000_000)
        with pytest.raises(ConnectionClosed) as closing:
            opened.recv(timeout=TIMEOUT)
        publish(f"timeline:{anna.pk}", "delete", "7")
        assert next_frame(kept)["event"] == "delete"
    assert closing.value.rcvd is not None
    assert closing.value.rcvd.code == 1009


def test_ten_thousand_commands_do_no_harm(streaming: StreamingServer) -> None:
    anna = somebody()
    with socket(streaming, token_for(anna)) as opened:
        for number in range(10_000):
            opened.send(json.dumps({"type": "subscribe", "stream": ("user", "public")[number % 2]}))
        wait_for_listeners(f"timeline:{anna.pk}", 1)
        publish(f"timeline:{anna.pk}", "delete", "7")
        assert next_frame(opened)["event"] == "delete"


def test_who_is_refused_ten_thousand_times_is_disconnected(streaming: StreamingServer) -> None:
    with socket(streaming, token_for(somebody())) as opened, pytest.raises(ConnectionClosed):
        for _ in range(10_000):
            opened.send(json.dumps({"type": "subscribe", "stream": "weather"}))
        while True:
            opened.recv(timeout=TIMEOUT)


def _unconfirmed() -> str:
    from tests.cast import user_of

    anna = somebody()
    user = user_of(anna)
    user.confirmed_at = None
    user.save(update_fields=["confirmed_at"])
    return token_for(anna)


@pytest.mark.parametrize(
    "make_token",
    [
        lambda: "",
        lambda: "wrong",
        app_token,
        lambda: token_for(somebody(), "write"),
        _unconfirmed,
    ],
    ids=["none", "unknown", "of an app", "wrong scope", "unconfirmed"],
)
def test_a_token_that_may_not_stream_is_refused_before_the_upgrade(
    streaming: StreamingServer, make_token: Callable[[], str]
) -> None:
    token = make_token()
    answer = refused_status(streaming, token).response
    assert answer.status_code == 401
    assert answer.headers["X-Error-Message"]
    assert not answer.body
    events = httpx.get(f"{streaming.http_url}/api/v1/streaming/user", params={"access_token": token})
    assert events.status_code == 401
    assert events.json()["error"]
    assert events.headers["Access-Control-Allow-Origin"] == "*"


def test_revoking_a_token_closes_its_connections_and_no_others(streaming: StreamingServer) -> None:
    anna = somebody()
    token, other = token_for(anna), token_for(anna, "read")
    with socket(streaming, token) as opened, socket(streaming, other) as kept:
        subscribe(kept, f"timeline:{anna.pk}", stream="user")
        with server_sent_events(streaming, "user", token) as lines:
            revoke_token(AccessToken.objects.get(token_hash=hash_secret(token)))
            with pytest.raises(ConnectionClosed):
                opened.recv(timeout=TIMEOUT)
            assert [line for line in lines if line not in (":thump", "")] == []
        publish(f"timeline:{anna.pk}", "delete", "7")
        assert next_frame(kept)["event"] == "delete"


@contextmanager
def server_sent_events(
    server: StreamingServer, name: str, token: str, **params: str
) -> Iterator[Iterator[str]]:
    """Open a stream of events and give its lines, after the greeting."""
    headers = {"Authorization": f"bearer {token}"}
    url = f"{server.http_url}/api/v1/streaming/{name}"
    with httpx.stream("GET", url, params=params, headers=headers, timeout=TIMEOUT) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert next(lines) == ":)"
        yield lines


@pytest.mark.parametrize(
    ("name", "params", "channel"),
    [
        ("public", {}, "timeline:public"),
        ("public/local", {"only_media": "true"}, "timeline:public:local"),
        ("public/remote", {}, "timeline:public:remote"),
        ("hashtag", {"tag": "#Brot"}, "timeline:hashtag:brot"),
        ("hashtag/local", {"tag": "brot"}, "timeline:hashtag:brot:local"),
    ],
)
def test_server_sent_events(
    streaming: StreamingServer, name: str, params: dict[str, str], channel: str
) -> None:
    with server_sent_events(streaming, name, token_for(somebody()), **params) as lines:
        publish(channel, "update", PICTURE)
        event, data = islice((line for line in lines if line not in (":thump", "")), 2)
        assert event == "event: update"
        assert json.loads(data.removeprefix("data: ")) == PICTURE
        assert next(line for line in lines if line) == ":thump"


@pytest.mark.parametrize("name", ["weather", "list", "hashtag", "user/weather"])
def test_events_that_do_not_exist_are_400(streaming: StreamingServer, name: str) -> None:
    headers = {"Authorization": f"Bearer {token_for(somebody())}"}
    answer = httpx.get(f"{streaming.http_url}/api/v1/streaming/{name}", headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_health_and_preflight_need_no_token(streaming: StreamingServer) -> None:
    health = httpx.get(f"{streaming.http_url}/api/v1/streaming/health")
    assert (health.status_code, health.text) == (200, "OK")
    asked = {"Origin": "https://app.example", "Access-Control-Request-Headers": "authorization"}
    preflight = httpx.options(f"{streaming.http_url}/api/v1/streaming/user", headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    assert httpx.get(f"{streaming.http_url}/elsewhere").status_code == 404


def test_a_shared_stream_gives_each_reader_what_is_meant_for_it(streaming: StreamingServer) -> None:
    anna, bertha, cem = somebody(), somebody(), somebody()
    found = [{"filter": {"id": "1"}, "keyword_matches": ["Tag"], "status_matches": []}]
    with (
        socket(streaming, token_for(anna)) as unfiltered,
        socket(streaming, token_for(bertha)) as filtered,
        socket(streaming, token_for(cem)) as left_out,
    ):
        for opened in (unfiltered, filtered, left_out):
            subscribe(opened, "timeline:public", stream="public")
        wait_for_readers("timeline:public", {anna.pk, bertha.pk, cem.pk})
        publish("timeline:public", "update", STATUS, {anna.pk: [], bertha.pk: found})
        publish("timeline:public", "delete", "7")
        assert json.loads(next_frame(unfiltered)["payload"]) == {**STATUS, "filtered": []}
        assert json.loads(next_frame(filtered)["payload"]) == {**STATUS, "filtered": found}
        assert next_frame(left_out)["event"] == "delete"


def wait_for_readers(channel: str, account_ids: set[int]) -> None:
    """Wait until the jobs know that these accounts listen."""
    for _ in range(1000):
        if account_ids <= set(find_readers([channel]).get(channel, ())):
            return
    raise AssertionError(f"{channel} is not known to be read by {account_ids}")


def test_streams_outlive_a_loss_of_redis(streaming: StreamingServer) -> None:
    anna = somebody()
    token, ended = token_for(anna), token_for(anna, "read")
    with socket(streaming, token) as opened, socket(streaming, ended) as closed:
        subscribe(opened, f"timeline:{anna.pk}", stream="user")
        subscribe(opened, "timeline:public:local", stream="public:local")
        # As if it had been revoked while nobody could be told.
        AccessToken.objects.filter(token_hash=hash_secret(ended)).update(revoked_at=timezone.now())
        redis_connection().client_kill_filter(_type="pubsub")
        with pytest.raises(ConnectionClosed):
            closed.recv(timeout=TIMEOUT)
        wait_for_health(streaming)
        for channel in (f"timeline:{anna.pk}", "timeline:public:local"):
            publish(channel, "delete", "7")
            assert next_frame(opened)["event"] == "delete"


def wait_for_health(server: StreamingServer) -> None:
    """Wait until the server hears Redis again."""
    for _ in range(1000):
        if httpx.get(f"{server.http_url}/api/v1/streaming/health").status_code == 200:
            return
    raise AssertionError("the streaming server stays unhealthy")


def test_a_reader_that_is_too_slow_is_disconnected(streaming: StreamingServer) -> None:
    anna = somebody()
    # More than all buffers on the way hold, and less than Valkey holds for the streaming process.
    large = {**STATUS, "content": "x" * 30_000}
    narrow = sockets.socket()
    narrow.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 65_536)
    narrow.connect((HOST, streaming.port))
    with socket(streaming, token_for(anna), sock=narrow) as opened:
        subscribe(opened, f"timeline:{anna.pk}", stream="user")
        for _ in range(600):
            publish(f"timeline:{anna.pk}", "update", large)
        received = 0
        with pytest.raises(ConnectionClosed):
            while True:
                opened.recv(timeout=TIMEOUT)
                received += 1
    assert received < 600


# As they stand in an address: nothing, too long, negative, huge, NUL, half of a surrogate pair, other shapes.
BAD_VALUES = (
    "",
    "x" * 20_000,
    "-1",
    "9223372036854775808",
    "9" * 400,
    "%00",
    "%ED%A0%80",
    "%FF",
    "1&tag[]=2",
)
EVENT_STREAMS = ("user", "public", "hashtag", "hashtag/local", "list", "direct", "%00", "x" * 20_000, "..%2F")


@pytest.mark.parametrize("parameter", ["tag", "list", "only_media", "list[]", "access_token", "%00", ""])
def test_events_are_had_or_refused_whatever_is_asked(streaming: StreamingServer, parameter: str) -> None:
    headers = {"Authorization": f"Bearer {token_for(somebody())}"}
    with httpx.Client(headers=headers, timeout=TIMEOUT, trust_env=False) as app:
        for name, value in product(EVENT_STREAMS, BAD_VALUES):
            address = f"{streaming.http_url}/api/v1/streaming/{name}?{parameter}={value}"
            with app.stream("GET", address) as answer:
                assert answer.status_code in (200, 400, 401, 404), (address[:200], answer.status_code)
                if answer.status_code != 200:
                    answer.read()
                    assert answer.json()["error"], address[:200]
