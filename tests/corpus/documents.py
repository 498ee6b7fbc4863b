"""What must come of a document that we fetch: posts, actors, collections, WebFinger, NodeInfo."""

from collections.abc import Callable

import pytest

from accounts.remote import account_from_uri
from core.errors import AppError
from core.hosts import host_of
from core.text import html_to_text, sanitise_html
from federation.keys import listed_keys
from federation.software import Software, fetch_software
from federation.vocab import read_collection
from federation.webfinger import lookup
from media.documents import parse_emojis
from tests.corpus.accounts import check_account
from tests.corpus.entries import Entry
from tests.corpus.statuses import check_markup, check_status, check_text
from tests.corpus.world import World, id_in
from timelines.documents import is_stamp, read_note
from timelines.models import Quote, Status
from timelines.remote import resolve_url, status_from_uri

ANYWHERE = "https://fragment.example/1"


def run_document(world: World, entry: Entry) -> None:
    """Fetch the document of an entry as we would, and compare what came of it."""
    _CHECKS[entry.kind, entry.handling](world, entry)


# Objects


def _serve(world: World, entry: Entry) -> str:
    """Serve the document where the entry says; return the address to ask."""
    uri = id_in(entry.document) or ANYWHERE
    asked = entry.expect.get("fetched_from", uri)
    if entry.handling != "reject" or asked == uri:
        world.serve(uri, entry.body)
    world.serve(asked, entry.body)
    return str(asked)


def _status(world: World, entry: Entry) -> None:
    asked = _serve(world, entry)
    author = id_in(entry.document.get("attributedTo"))
    for uri in (entry.expect.get("author", author), *entry.expect.get("mentions", ())):
        world.remote(uri)
    status_from_uri(asked) if "fetched_from" not in entry.expect else resolve_url(asked)
    check_status(world, Status.objects.get(uri=entry.expect.get("uri", asked)))


def _refused(world: World, entry: Entry) -> None:
    asked = _serve(world, entry)
    if world.actor_uri.startswith("http"):
        world.remote(world.actor_uri)
    with pytest.raises(AppError):
        resolve_url(asked)
    assert not Status.objects.exists()


def _fragment(world: World, entry: Entry) -> None:
    """A piece without an id or an author: it can be read, but not be taken in."""
    expect, fragment = entry.expect, entry.document
    values = read_note({**fragment, "id": ANYWHERE})
    if "content_text" in expect:
        check_text(values.content.replace(ANYWHERE, ""), expect["content_text"])
    if "attachments" in expect:
        assert len(values.files) == expect["attachments"]
    if "language" in expect:
        assert values.language == expect["language"]
    if "poll" in expect and values.poll is not None:
        assert list(values.poll.options) == list(dict.fromkeys(expect["poll"]["options"]))
    _refused(world, entry)


def _tombstone(world: World, entry: Entry) -> None:
    uri = _serve(world, entry)
    status = world.status(uri, world.remote(f"{uri.rpartition('/')[0]}/its-author"))
    with pytest.raises(AppError):
        resolve_url(uri)
    assert not Status.objects.kept().filter(pk=status.pk).exists()


def _emoji(world: World, entry: Entry) -> None:
    [emoji] = parse_emojis([entry.document])
    assert (emoji.shortcode, emoji.url) == (entry.expect["shortcode"], entry.expect["image"])


def _key(world: World, entry: Entry) -> None:
    assert listed_keys({"id": entry.document["owner"], "publicKey": entry.document})


def _vote(world: World, entry: Entry) -> None:
    """A vote is counted when it is delivered; one that is fetched becomes no status."""
    assert read_note(entry.document).vote_for == entry.expect["choice"]
    _refused(world, entry)


def _stamp(world: World, entry: Entry) -> None:
    document = entry.document
    author = world.remote(entry.expect.get("attributed_to") or id_in(document.get("attributedTo")))
    quoted = world.status(id_in(document.get("interactionTarget")), author)
    quoting = id_in(document.get("interactingObject"))
    status = world.status(quoting, world.remote(f"{quoting.rpartition('/')[0]}/its-author"))
    quote: Quote = world.quote(status, quoted, approval_uri=document["id"])
    assert is_stamp(document, quote) == (entry.handling != "reject")


# Actors


def _account(world: World, entry: Entry) -> None:
    expect = entry.expect
    world.serve(expect["uri"], entry.body)
    handle = expect.get("acct") or f"alice@{expect['uri'].split('/')[2]}"
    world.network.serve_handle(handle, expect["uri"])
    account = account_from_uri(expect["uri"])
    check_account(account, expect)
    if "keys" in expect:
        assert set(listed_keys(entry.document)) <= set(expect["keys"])


def _no_account(world: World, entry: Entry) -> None:
    uri = id_in(entry.document) or ANYWHERE
    if uri.startswith("http"):
        world.serve(uri, entry.body)
        name = str(entry.document.get("preferredUsername", "nobody"))
        if "@" not in uri.split("/")[2]:
            world.network.serve_handle(f"{name}@{uri.split('/')[2]}", uri)
    with pytest.raises(AppError):
        account_from_uri(uri)
    if "must_not_contain" in entry.expect:
        check_markup(sanitise_html(entry.document["summary"]), entry.expect)
        assert html_to_text(entry.document["summary"])


# Discovery


def _handle(entry: Entry) -> tuple[str, str]:
    asked = entry.expect.get("asked") or entry.document["subject"]
    username, _, host = asked.removeprefix("acct:").partition("@")
    return username, host


def _webfinger(world: World, entry: Entry) -> None:
    username, host = _handle(entry)
    world.network.serve_jrd(f"{username}@{host}", entry.body)
    answer = lookup(username, host)
    assert f"acct:{answer.username}@{answer.host}" == entry.expect["subject"]
    assert answer.actor_uri == entry.expect["actor"]


def _no_webfinger(world: World, entry: Entry) -> None:
    username, host = _handle(entry)
    is_elsewhere = "subject" in entry.expect["reason"]
    asked = "asked.example" if is_elsewhere and "asked" not in entry.expect else host
    world.network.serve_jrd(f"{username}@{asked}", entry.body)
    with pytest.raises(AppError):
        lookup(username, asked)


def _collection(world: World, entry: Entry) -> None:
    expect, page = entry.expect, read_collection(entry.document)
    has = {
        "total": page.total,
        "items": None if page.items is None else len(page.items),
        "first": page.first,
        "next": page.next,
        # The corpus names the first of them.
        "item_ids": list(page.items or ())[: len(expect.get("item_ids", ()))],
    }
    for name in has.keys() & expect.keys():
        assert has[name] == expect[name], f"{name}: {has[name]!r}, expected {expect[name]!r}"


def _foreign_followers(world: World, entry: Entry) -> None:
    """Followers that another host lists are nobody's: such an address is not even kept."""
    uri = id_in(entry.document)
    actor = "https://remote.example/users/alice"
    document = {"id": actor, "type": "Person", "preferredUsername": "alice", "inbox": f"{actor}/inbox"}
    world.serve(actor, document | {"followers": uri})
    world.network.serve_handle("alice@remote.example", actor)
    assert account_from_uri(actor).followers_url != uri


def _nodeinfo(world: World, entry: Entry) -> None:
    """Ask a server that has this NodeInfo; we write names small, and do not count its users."""
    links = [{"rel": "http://nodeinfo.diaspora.software/ns/schema/2.1", "href": "https://asked.example/n"}]
    world.serve("https://asked.example/.well-known/nodeinfo", {"links": links})
    world.serve("https://asked.example/n", entry.body)
    found = fetch_software("https://asked.example")
    assert found == Software(entry.expect["software"].lower(), entry.expect["version"])


def _nodeinfo_links(world: World, entry: Entry) -> None:
    """Ask a server that answers nowhere but where we should ask."""
    pick = entry.expect["pick"]
    base_url = f"https://{host_of(pick)}"
    world.serve(f"{base_url}/.well-known/nodeinfo", entry.body)
    world.serve(pick, {"software": {"name": "picked", "version": "1"}})
    assert fetch_software(base_url) == Software("picked", "1")


_CHECKS: dict[tuple[str, str], Callable[[World, Entry], None]] = {
    ("object", "status"): _status,
    ("object", "reject"): _refused,
    ("object", "ignore"): _refused,
    ("object", "fragment"): _fragment,
    ("object", "tombstone"): _tombstone,
    ("object", "custom_emoji"): _emoji,
    ("object", "key_document"): _key,
    ("object", "poll_vote"): _vote,
    ("object", "quote_authorization"): _stamp,
    ("actor", "account"): _account,
    ("actor", "reject"): _no_account,
    ("actor", "fragment"): _no_account,
    ("webfinger", "webfinger"): _webfinger,
    ("webfinger", "reject"): _no_webfinger,
    ("collection", "collection"): _collection,
    ("collection", "ignore"): _foreign_followers,
    ("nodeinfo", "nodeinfo"): _nodeinfo,
    ("nodeinfo", "nodeinfo-discovery"): _nodeinfo_links,
}
