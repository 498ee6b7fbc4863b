"""Known attacks on servers like this one, class by class, played against the real doors and the real wire.

Mallory has a server of his own; Dora and Emil live elsewhere and mean well; Anna lives here and follows them.
The finer points of each defence are tested beside it (tests/core/test_http.py, test_fetch.py, test_inbox.py,
test_signature_vectors.py); here stands what an attacker would try.
Source: contract of the federation 7; the CVE and GHSA numbers named below.
"""

import ast
import gzip
import socket
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.test import Client
from django.utils import timezone

from accounts import relationships
from accounts.actors import BadActor
from accounts.handles import readable_host
from accounts.models import Account, Follow
from accounts.remote import upsert_account
from accounts.resolve import resolve_handle
from core import addresses, http
from core.addresses import AddressRefused
from core.errors import AppError, RemoteUnreachable
from core.hosts import normalise_host, same_host
from federation.fetch import BadDocument, fetch_document
from federation.models import Delivery, InboxItem, RemoteKey
from federation.webfinger import lookup
from tests.cast import make_account
from tests.federation.fake_peer import key_pair, send
from tests.loopback import LoopbackServer, Received, answer, serve_raw
from tests.peer import PUBLIC, Document, Person, elsewhere, verdicts
from timelines.drafts import StatusDraft
from timelines.models import Quote, Status
from timelines.remote import resolve_url, status_from_uri
from timelines.statuses import publish_status

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def _all_doors(settings: Any) -> None:
    settings.ROOT_URLCONF = "genosocial.urls"


@pytest.fixture
def anna(db: None) -> Account:
    return make_account("anna")


@pytest.fixture
def dora(settings: Any, run_jobs: Callable[[], None]) -> Iterator[Person]:
    with elsewhere(settings, "dora", run_jobs) as live_there:
        yield live_there("dora")


@pytest.fixture
def mallory(settings: Any, run_jobs: Callable[[], None]) -> Iterator[Person]:
    with elsewhere(settings, "mallory", run_jobs) as live_there:
        yield live_there("mallory")


@pytest.fixture
def anna_follows(anna: Account, dora: Person, mallory: Person) -> None:
    for person in (dora, mallory):
        relationships.accept_follow(relationships.follow(anna, person.account()))
    dora.run_jobs()


# Server-side request forgery: addresses (CVE-2024-39687, CVE-2026-33693)

_DENIED = """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
    192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
    ::/128 ::1/128 ::/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/32 2001:10::/28 2001:20::/28
    2001:db8::/32 2002::/16 fc00::/7 fe80::/10 ff00::/8 3fff::/20
"""


def test_no_name_leads_into_a_network_that_is_not_public(monkeypatch: Any) -> None:
    for network in map(ip_network, _DENIED.split()):
        for address in (network[0], network[-1]):
            monkeypatch.setattr(addresses, "system_resolver", lambda host, found=str(address): [found])
            with pytest.raises(AddressRefused):
                http.fetch("https://inward.example/")


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "0.0.0.0"])
def test_an_ipv4_address_in_the_clothes_of_ipv6_is_known(address: str) -> None:
    number = int(ip_address(address))
    for disguise in (
        ip_address(f"::ffff:{address}"),
        ip_address(f"::{address}"),
        ip_address(int(ip_address("64:ff9b::")) + number),
        ip_address((0x2002 << 112) + (number << 80)),
    ):
        assert addresses.is_denied(disguise), disguise


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1/", "http://[::1]/", "http://[::ffff:7f00:1]/", "http://0/", "http://127.1/"),
        *("http://2130706433/", "http://0x7f.0.0.1/", "http://0177.0.0.1/", "https://localhost/"),
        # Whom the parsers disagree about.
        *("http://peer.example\\@127.0.0.1/", "http://peer.example#@127.0.0.1/\t", "http:///127.0.0.1/"),
        *("https://anna:secret@peer.example/", "https://anna@peer.example/"),
        *("https://peer.example:22/", "https://peer.example:8443/", "http://peer.example:6379/"),
        *("file:///etc/passwd", "gopher://peer.example/", "ftp://peer.example/", "data:text/html,x"),
        *("http://hidden.onion/", "http://hidden.i2p/"),
    ],
)
def test_no_url_leads_to_this_machine_or_to_another_service(url: str) -> None:
    with pytest.raises(RemoteUnreachable):
        http.fetch(url)


def test_a_name_that_changes_its_address_between_look_and_call_gains_nothing(
    dora: Person, monkeypatch: Any
) -> None:
    """DNS rebinding: what was judged is what is dialled; nobody resolves a second time."""
    answers = [["127.0.0.1"], ["169.254.169.254"], ["10.0.0.1"]]
    asked: list[str] = []

    def rebinding(host: str) -> list[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    monkeypatch.setattr(addresses, "system_resolver", rebinding)
    assert http.fetch(dora.uri).status == 200
    assert len(asked) == 1


def test_one_private_address_among_public_ones_spoils_the_name(monkeypatch: Any) -> None:
    monkeypatch.setattr(addresses, "system_resolver", lambda host: ["93.184.216.34", "::ffff:10.0.0.1"])
    with pytest.raises(AddressRefused):
        http.fetch("https://both.example/")


def test_whatever_an_activity_names_is_asked_for_through_the_same_door(
    anna: Account, mallory: Person, anna_follows: None, monkeypatch: Any
) -> None:
    """Key, actor, mention, parent, picture, link, quote, stamp: none of them reaches this machine."""
    dialled: list[int] = []
    vetted_address = addresses.vetted_address

    def watching(host: str, port: int, resolve: addresses.Resolver) -> str:
        found = vetted_address(host, port, resolve)
        dialled.append(port)
        return found

    monkeypatch.setattr(addresses, "vetted_address", watching)
    inward = "http://127.0.0.1:6379/x"
    mallory.posts(
        f'<p><a href="{inward}">look</a></p>',
        inReplyTo=inward,
        quote=inward,
        quoteAuthorization=inward,
        tag=[{"type": "Mention", "href": inward}, {"type": "Emoji", "name": ":x:", "icon": {"url": inward}}],
        attachment=[{"type": "Image", "mediaType": "image/png", "url": inward}],
        context=inward,
    )
    mallory.change(icon={"type": "Image", "url": inward}, followers=inward, featured=inward)
    mallory.does("Update", mallory.document)
    assert Status.objects.filter(account__uri=mallory.uri).exists()
    assert send(Client(), mallory.activity("Like", inward), signer=inward, key="mallory").status_code == 401
    assert 6379 not in dialled


def test_an_inbox_inside_is_never_delivered_to(anna: Account, mallory: Person) -> None:
    document = mallory.change(inbox="http://127.0.0.1:6379/inbox", endpoints={})
    with pytest.raises(BadActor):
        upsert_account(document)
    # Nor where it was fine when it was stored.
    follower = mallory.change(inbox=f"{mallory.uri}/inbox", endpoints={})
    relationships.follow(upsert_account(follower), anna)
    Account.objects.filter(uri=mallory.uri).update(inbox_url="http://127.0.0.1:6379/inbox")
    publish_status(anna, StatusDraft(text="Hello"))
    mallory.run_jobs()
    assert "refused" in Delivery.objects.get(inbox_url__contains="6379").last_error


def test_there_is_one_way_out() -> None:
    """No module but the guarded one opens connections, so that no road goes around it (CVE-2026-50131)."""
    openers = {
        "httpx",
        "httpcore",
        "requests",
        "urllib3",
        "aiohttp",
        "socket",
        "http.client",
        "urllib.request",
    }
    allowed = {"core/http.py", "core/addresses.py", "core/hosts.py"}
    # These speak to this machine before a server runs, or only take a URL apart, as does core/hosts.py.
    allowed |= {"genosocial/local_stack.py", "genosocial/up.py", "federation/signatures/outgoing.py"}
    found = {
        str(path.relative_to(ROOT))
        for app in (
            "accounts",
            "core",
            "federation",
            "genosocial",
            "invites",
            "media",
            "moderation",
            "timelines",
        )
        for path in (ROOT / app).rglob("*.py")
        if openers & _imported(path)
    }
    assert found <= allowed


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


# Redirects (CVE-2026-77632)


def test_a_redirect_inward_is_refused_after_the_first_hop(mallory: Person, settings: Any) -> None:
    hidden: list[Received] = []

    def talk(connection: socket.socket, request: Received) -> None:
        hidden.append(request)
        connection.sendall(answer({"id": "x", "type": "Note"}))

    with serve_raw(talk) as inner:
        for target in (f"http://127.0.0.1:{inner.port}/", f"http://inner.example:{inner.port}/"):
            url = mallory.peer.add("/out", answer(status=302, Location=target))
            with pytest.raises(RemoteUnreachable):
                fetch_document(url)
    assert hidden == []


def test_a_redirect_never_lets_one_host_speak_for_another(mallory: Person, dora: Person) -> None:
    """An open redirect on Dora's server must not make her say what Mallory wrote."""
    forged = dora.note("<p>forged</p>", id=f"{dora.peer.base}/redirect")
    mallory.peer.add("/forged", forged)
    dora.peer.add("/redirect", answer(status=302, Location=f"{mallory.peer.base}/forged"))
    with pytest.raises(BadDocument):
        status_from_uri(forged["id"])


def test_each_hop_is_signed_for_itself_and_a_loop_ends(mallory: Person, dora: Person) -> None:
    mallory.peer.add("/loop", answer(status=301, Location="/loop"))
    with pytest.raises(RemoteUnreachable):
        fetch_document(f"{mallory.peer.base}/loop")
    assert len(mallory.peer.targets()) == http.MAX_REDIRECTS + 1
    url = mallory.peer.add("/hop", answer(status=307, Location=dora.uri))
    assert fetch_document(url)["id"] == dora.uri
    sent, passed_on = mallory.peer.server.received[-1], dora.peer.server.received[0]
    assert passed_on.headers["host"] == dora.peer.host
    # What Mallory saw is worth nothing at Dora's.
    assert sent.headers["signature"] != passed_on.headers["signature"]


# Resources: time, size, depth (CVE-2023-36461)


@pytest.fixture
def raw(settings: Any) -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """Run a server that writes to the socket as it likes; gives the address of a document there."""
    servers: list[Any] = []

    def start(talk: Callable[[socket.socket], None]) -> str:
        running = serve_raw(lambda connection, request: talk(connection))
        server: LoopbackServer = running.__enter__()
        servers.append(running)
        settings.FEDERATION_PRIVATE_HOSTS = (
            *settings.FEDERATION_PRIVATE_HOSTS,
            f"slow.localhost:{server.port}",
        )
        return f"http://slow.localhost:{server.port}/notes/1"

    yield start
    for running in servers:
        running.__exit__(None, None, None)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/activity+json\r\n"


def test_a_server_that_drips_is_cut_off(raw: Any) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(HEAD + b"\r\n")
        while True:
            time.sleep(0.02)
            connection.sendall(b" ")

    with pytest.raises(http.RemoteTimeout):
        fetch_document(raw(drip), total_seconds=0.3)


def test_a_bomb_of_gzip_endless_bodies_and_endless_headers_are_not_swallowed(raw: Any) -> None:
    bomb = gzip.compress(b" " * 30_000_000, mtime=0)
    for sent in (
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb,
        HEAD + b"Content-Length: 3000000000\r\n\r\n",
        HEAD + b"\r\n" + b" " * 1_100_000,
        HEAD + b"X-Long: " + b"a" * 200_000 + b"\r\n\r\n",
        HEAD + b"".join(b"X-%d: y\r\n" % number for number in range(20_000)) + b"\r\n",
    ):
        with pytest.raises(RemoteUnreachable):
            fetch_document(raw(lambda connection, sent=sent: _send_and_hang_up(connection, sent)))


def _send_and_hang_up(connection: socket.socket, sent: bytes) -> None:
    connection.sendall(sent)
    connection.shutdown(socket.SHUT_WR)


DEEP = b'{"a":' * 2000 + b"1" + b"}" * 2000
MALFORMED = [
    *(
        DEEP,
        b"[" * 100_000,
        b'{"id":' + b"9" * 5000 + b"}",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":1e999999}',
    ),
    *(b'{"id":"a","id":"b"}', b"\xff\xfe{}", b'"text"', b"[]", b"null", b"", b"{" + b" " * 70_000),
    *(b'{"id":"\\ud800"}', b'{"type":"Note\\u0000","id":"\\u0000"}'),
]


@pytest.mark.parametrize("body", MALFORMED, ids=range(len(MALFORMED)))
def test_json_made_to_break_parsers_is_refused_at_both_doors(mallory: Person, body: bytes) -> None:
    response = send(Client(), body, signer=mallory.uri)
    assert response.status_code in (202, 400, 401, 415), response.content
    url = mallory.peer.add("/notes/1", answer(body))
    with pytest.raises(AppError):
        fetch_document(url)
    mallory.run_jobs()
    assert all(state == "done" for state, _reason in verdicts())


def test_zeros_and_half_characters_do_not_reach_the_database(
    anna: Account, mallory: Person, anna_follows: None
) -> None:
    mallory.posts("<p>a\x00b\ud800c</p>".encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    body = orjson.dumps(mallory.activity("Create", mallory.note("<p>MARK</p>")))
    raw_body = body.replace(b"MARK", b"a\\u0000b\\ud800c")
    assert send(Client(), raw_body, signer=mallory.uri).status_code in (202, 400)
    mallory.run_jobs()
    assert not Status.objects.filter(content__contains="\ufffe").exists()
    assert all("\x00" not in content for content in Status.objects.values_list("content", flat=True))


# Content types (CVE-2024-25623)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "image/png", "application/json", "application/ld+json", "text/html"]
)
def test_a_file_that_somebody_uploaded_is_no_post(
    anna: Account, dora: Person, anna_follows: None, content_type: str
) -> None:
    """Mallory has an account on Dora's server and uploads a document that claims to be hers."""
    forged = dora.note("<p>forged</p>", id=f"{dora.peer.base}/uploads/1")
    dora.peer.add("/uploads/1", answer(forged, content_type=content_type))
    dora.does("Announce", forged["id"], to=[PUBLIC])
    with pytest.raises(AppError):
        resolve_url(forged["id"])
    assert not Status.objects.filter(uri=forged["id"]).exists()


# Whose id, whose words (CVE-2024-23832, CVE-2024-52591, CVE-2024-37903, CVE-2023-49079)


@pytest.mark.parametrize("form", ["id", "attributedTo", "both", "activity id", "actor"])
def test_nobody_speaks_for_somebody_else(
    anna: Account, dora: Person, mallory: Person, anna_follows: None, form: str
) -> None:
    note = mallory.note("<p>forged</p>")
    if form in ("id", "both"):
        note["id"] = f"{dora.uri}/notes/forged"
    if form in ("attributedTo", "both"):
        note["attributedTo"] = dora.uri
    create = mallory.activity("Create", note)
    if form == "activity id":
        create["id"] = f"{dora.uri}#activities/forged"
    if form == "actor":
        create["actor"] = dora.uri
    mallory.say(create)
    assert not Status.objects.filter(account__uri=dora.uri).exists()
    assert not Status.objects.filter(uri__startswith=dora.peer.base).exists()


def test_a_document_that_claims_an_id_elsewhere_is_asked_for_there(mallory: Person, dora: Person) -> None:
    said = dora.serve(dora.note("<p>what Dora said</p>"))
    mallory.peer.add("/notes/1", {**said, "content": "<p>what Dora never said</p>"})
    assert fetch_document(f"{mallory.peer.base}/notes/1")["content"] == "<p>what Dora said</p>"


def test_a_display_address_is_no_authority(anna: Account, dora: Person, mallory: Person) -> None:
    """CVE-2025-25306: that a post says it is shown on Dora's server proves nothing."""
    note = mallory.serve(mallory.note(url=f"{dora.peer.base}/@dora/1"))
    assert status_from_uri(note["id"]).account.uri == mallory.uri
    actor = upsert_account(mallory.change(url=f"{dora.peer.base}/@dora"))
    assert actor.url == mallory.uri


@pytest.mark.parametrize("kind", ["Update", "Delete", "Undo", "Add", "Announce"])
def test_nobody_changes_the_post_of_somebody_else(
    anna: Account, dora: Person, mallory: Person, anna_follows: None, kind: str
) -> None:
    note = dora.posts("<p>mine</p>", to=[PUBLIC])
    forged = {**note, "content": "<p>forged</p>", "updated": "2030-01-01T00:00:00Z", "to": [PUBLIC]}
    mallory.does(kind, forged, target=f"{dora.uri}/collections/featured")
    status = Status.objects.get(uri=note["id"])
    assert (status.content, status.deleted_at, status.account.uri) == ("<p>mine</p>", None, dora.uri)


def test_nobody_widens_the_audience_of_somebody_elses_post(
    anna: Account, dora: Person, mallory: Person, anna_follows: None
) -> None:
    note = dora.posts("<p>secret</p>", to=[anna.uri], tag=[{"type": "Mention", "href": anna.uri}], cc=[])
    mallory.does("Create", {**note, "to": [PUBLIC, mallory.uri]})
    mallory.does("Announce", note["id"], to=[PUBLIC])
    status = Status.objects.get(uri=note["id"])
    assert status.visibility == "direct"
    assert not Status.objects.filter(reblog_of=status).exists()


# Keys (Misskey #2546, Fedify #963, CVE-2026-34148)


def key_document(person: Person, key_id: str, owner: str) -> Document:
    return {"id": key_id, "type": "Key", "owner": owner, "publicKeyPem": key_pair("mallory")[1]}


def test_a_key_elsewhere_signs_for_nobody(dora: Person, mallory: Person) -> None:
    """Mallory serves a key that says it is Dora's; she does not list it, and it is on another host."""
    key_id = f"{mallory.peer.base}/key"
    mallory.peer.add("/key", key_document(mallory, key_id, dora.uri))
    activity = dora.activity("Follow", "https://social.example/users/anna")
    assert _signed_with(activity, key_id).status_code == 401


def test_a_key_on_the_host_that_its_owner_does_not_list_signs_for_nobody(dora: Person) -> None:
    """Mallory has uploaded a key to Dora's server, as a document with the right content type."""
    key_id = f"{dora.peer.base}/uploads/key"
    dora.peer.add("/uploads/key", key_document(dora, key_id, dora.uri))
    activity = dora.activity("Follow", "https://social.example/users/anna")
    assert _signed_with(activity, key_id).status_code == 401
    assert not RemoteKey.objects.filter(key_id=key_id).exists()


def test_a_key_document_poisons_no_stored_key(anna: Account, dora: Person, mallory: Person) -> None:
    dora.account()
    stored = RemoteKey.objects.get(actor_uri=dora.uri)
    key_id = f"{mallory.peer.base}/key"
    # It is found at Mallory's and claims to be the key that we have of Dora.
    mallory.peer.add("/key", key_document(mallory, stored.key_id, mallory.uri))
    mallory.change(
        publicKey=[mallory.document["publicKey"], key_document(mallory, stored.key_id, mallory.uri)]
    )
    mallory.does("Follow", anna.uri)
    activity = mallory.activity("Follow", anna.uri)
    assert _signed_with(activity, key_id).status_code == 401
    stored.refresh_from_db()
    assert (stored.actor_uri, stored.public_key_pem) == (dora.uri, key_pair("dora")[1])


def test_a_key_that_is_not_there_is_asked_for_once(dora: Person) -> None:
    for _time in range(3):
        activity = dora.activity("Follow", "https://social.example/users/anna")
        assert _signed_with(activity, f"{dora.peer.base}/nowhere").status_code == 401
    assert dora.peer.targets().count("/nowhere") == 1


def _signed_with(activity: Document, key_id: str) -> Any:
    """Send an activity signed with Mallory's key under a key id."""

    class Relabelled(Client):
        def generic(self, *args: Any, headers: Any = None, **more: Any) -> Any:
            signer = activity["actor"]
            headers["Signature"] = headers["Signature"].replace(f"{signer}#main-key", key_id)
            return super().generic(*args, headers=headers, **more)

    return send(Relabelled(), activity, signer=activity["actor"], key="mallory")


def test_the_end_of_a_stranger_makes_us_ask_nobody(mallory: Person) -> None:
    """Every server tells every other of each deleted account: no key is fetched for that."""
    stranger = f"{mallory.peer.base}/users/gone"
    for kind, thing in (("Delete", stranger), ("Update", {"id": stranger, "type": "Person"})):
        activity = {**mallory.activity(kind, thing), "actor": stranger}
        assert send(Client(), activity, signer=stranger, key="mallory").status_code == 202
    assert mallory.peer.targets() == [] and not InboxItem.objects.exists()


# Quotes without consent (GHSA-q4g8)


@pytest.mark.parametrize(
    "forgery", ["elsewhere", "by another", "of another post", "for another post", "no stamp"]
)
def test_a_forged_stamp_shows_no_quote(
    anna: Account, dora: Person, mallory: Person, anna_follows: None, forgery: str
) -> None:
    quoted, other = dora.serve(dora.posts()), dora.serve(dora.posts())
    stamp_uri = f"{dora.uri}/stamps/1"
    note = mallory.note("<p>He said it</p>", quote=quoted["id"], quoteAuthorization=stamp_uri)
    stamp = {
        "id": stamp_uri,
        "type": "QuoteAuthorization",
        "attributedTo": dora.uri,
        "interactingObject": note["id"],
        "interactionTarget": quoted["id"],
    }
    stamp |= {
        "elsewhere": {"id": f"{mallory.uri}/stamps/1"},
        "by another": {"attributedTo": mallory.uri},
        "of another post": {"interactionTarget": other["id"]},
        "for another post": {"interactingObject": f"{mallory.uri}/notes/other"},
        "no stamp": {"type": "Note"},
    }[forgery]
    (mallory if forgery == "elsewhere" else dora).serve(stamp)
    if forgery == "elsewhere":
        note["quoteAuthorization"] = stamp["id"]
    mallory.does("Create", note)
    assert Quote.objects.get(status__uri=note["id"]).state != Quote.State.ACCEPTED


# Suspended actors on every road (GHSA-5h2f, CVE-2026-23961)


@pytest.mark.parametrize(
    "road", ["inbox", "boost", "boost of what we know", "fetch", "search", "parent", "quote"]
)
def test_a_suspended_actor_comes_in_on_no_road(
    anna: Account, dora: Person, mallory: Person, anna_follows: None, road: str
) -> None:
    known = mallory.serve(mallory.posts("<p>before</p>"))
    note = mallory.serve(mallory.note("<p>after</p>"))
    Account.objects.filter(uri=mallory.uri).update(suspended_at=timezone.now())
    if road == "inbox":
        mallory.say(mallory.activity("Create", note))
    elif road == "boost":
        dora.does("Announce", note["id"], to=[PUBLIC])
    elif road == "boost of what we know":
        dora.does("Announce", known["id"], to=[PUBLIC])
    elif road == "parent":
        dora.posts(inReplyTo=note["id"])
    elif road == "quote":
        dora.posts(quote=note["id"])
    else:
        fetch = status_from_uri if road == "fetch" else resolve_url
        with pytest.raises(AppError):
            fetch(note["id"])
    assert not Status.objects.filter(uri=note["id"]).exists()
    assert not Status.objects.filter(reblog_of__isnull=False).exists()


def test_a_suspended_actor_does_nothing_to_us(anna: Account, mallory: Person, anna_follows: None) -> None:
    status = publish_status(anna, StatusDraft(text="Hello"))
    Account.objects.filter(uri=mallory.uri).update(suspended_at=timezone.now())
    mallory.does("Like", status.uri)
    mallory.does("Announce", status.uri, to=[PUBLIC])
    mallory.does("Follow", anna.uri)
    status.refresh_from_db()
    assert (status.favourites_count, status.reblogs_count) == (0, 0)
    assert not Follow.objects.filter(account__uri=mallory.uri).exists()


# Names that deceive (CVE-2023-42451)


@pytest.mark.parametrize(
    "username",
    ["аnna", "anna\u200b", "anna/../admin", "anna@x", "anna.", "an na", "\u202eanna", "anna\n", ""],
)
def test_a_username_is_plain_letters(mallory: Person, username: str) -> None:
    with pytest.raises(BadActor):
        upsert_account({**mallory.document, "preferredUsername": username})
    with pytest.raises(AppError):
        lookup(username, mallory.peer.host)


def test_a_domain_that_looks_like_another_is_shown_as_what_it_is() -> None:
    assert readable_host("xn--bcher-kva.example") == "bücher.example"
    # Cyrillic letters among Latin ones.
    mixed = normalise_host("sоcial.example")
    assert mixed.startswith("xn--") and readable_host(mixed) == mixed
    assert not same_host(f"https://{mixed}/", "https://social.example/")
    assert same_host("https://BÜCHER.example/", "https://xn--bcher-kva.example/x")


@pytest.mark.parametrize(
    "host",
    ["social.example.", "social.example/", "a@social.example", "social\u3002example.", "social.example\x00"],
)
def test_a_host_is_never_mended_in_silence(host: str) -> None:
    with pytest.raises(ValueError, match=r"bad host|longer"):
        normalise_host(host)
    with pytest.raises(AppError):
        resolve_handle(f"anna@{host}")


def test_nobody_takes_a_handle_that_leads_to_somebody_else(mallory: Person, dora: Person) -> None:
    dora.account()
    for claim in (f"dora@{dora.peer.host}", "anna@social.example"):
        with pytest.raises(AppError):
            upsert_account(mallory.change(webfinger=claim))
    assert Account.objects.with_handle("dora", dora.peer.host).get().uri == dora.uri


# Text


def test_what_runs_in_a_browser_does_not_come_through(
    anna: Account, mallory: Person, anna_follows: None
) -> None:
    evil = (
        '<script>alert(1)</script><img src=x onerror=alert(1)><iframe src="//evil.example"></iframe>'
        '<a href="javascript:alert(1)" onclick="x" style="y">a</a><svg><a xlink:href="data:x">b</a></svg>'
        '<p class="mention evil">c</p><math><mtext><style><!--</style><img title="--><img src onerror=x>">'
    )
    note = mallory.posts(evil, summary="<script>x</script>")
    content = Status.objects.get(uri=note["id"]).content
    for sign in (
        "<script",
        "<img",
        "<iframe",
        "javascript:",
        "onclick",
        "onerror=",
        "style=",
        "<svg",
        'evil"',
    ):
        assert sign not in content, sign


def test_caps_hold_for_lists_and_texts(anna: Account, mallory: Person, anna_follows: None) -> None:
    """GHSA-gg8q, CVE-2026-23962: strings and lists of others have an end."""
    people = [{"type": "Mention", "href": f"{mallory.peer.base}/users/p{n}"} for n in range(300)]
    hashtags = [{"type": "Hashtag", "name": f"#tag{n}"} for n in range(500)]
    files = [
        {"type": "Image", "mediaType": "image/png", "url": f"{mallory.peer.base}/{n}.png"} for n in range(90)
    ]
    note = mallory.posts("<p>x</p>" * 20_000, tag=people + hashtags, attachment=files)
    asked = [target for target in mallory.peer.targets() if target.startswith("/users/p")]
    status = Status.objects.get(uri=note["id"])
    assert len(asked) <= 10 and status.tags.count() <= 100 and len(status.media_ids) <= 16
    fields = [{"type": "PropertyValue", "name": "n" * 9000, "value": "v" * 9000}] * 200
    account = upsert_account(mallory.change(name="n" * 9000, summary="s" * 99_000, attachment=fields))
    assert len(account.fields) == 50 and len(account.display_name) <= 2048 and len(account.note) <= 40_000


# What we tell


def test_what_is_not_for_everybody_is_kept_from_shared_caches_and_strangers(
    anna: Account, dora: Person, mallory: Person
) -> None:
    """GHSA-ccpr-m53r-mfwr, GHSA-gwhw-gcjx-72v8."""
    relationships.follow(dora.account(), anna)
    mallory.account()
    status = publish_status(anna, StatusDraft(text="secret", visibility="private"))
    path = status.uri.removeprefix("https://social.example")

    def read(person: Person, path: str = path) -> Any:
        return send(
            Client(headers={"Accept": "application/activity+json"}),
            {},
            signer=person.uri,
            method="GET",
            path=path,
        )

    allowed, refused = read(dora), read(mallory)
    assert allowed.status_code == 200 and "no-store" in allowed["Cache-Control"]
    missing = read(mallory, "/users/anna/statuses/1")
    assert (
        (refused.status_code, refused.content)
        == (missing.status_code, missing.content)
        == (404, missing.content)
    )
    assert "Signature" in refused["Vary"]


def test_the_posts_of_others_are_not_served_as_ours(anna: Account, dora: Person, anna_follows: None) -> None:
    status = Status.objects.get(uri=dora.posts()["id"])
    for path in (
        f"/users/anna/statuses/{status.pk}",
        f"/users/dora/statuses/{status.pk}",
        f"/@dora/{status.pk}",
    ):
        response = Client().get(
            path, headers={"Accept": "application/activity+json", "Host": "social.example"}
        )
        assert response.status_code in (301, 404)
