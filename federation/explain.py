"""What becomes of an address when this server fetches it, step by step, for whoever runs it. Stores nothing.

Called by `manage.py federation fetch`. The steps are those of the real way in: the same functions are asked,
and what they refuse is told with its reason. Source: contract of the federation 1.2, 2.4, 3.3.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, NoReturn
from urllib.parse import urlsplit

from core import http
from core.errors import AppError
from core.hosts import host_of, same_host
from federation.fetch import fetch_document, fetch_pasted
from federation.keys import listed_key_ids, listed_keys
from federation.local import is_local_uri
from federation.peers import is_blocked
from federation.software import fetch_software
from federation.vocab import ACTOR_TYPES, POST_TYPES, addressed, id_of, is_public, types_of
from federation.webfinger import confirm_handle


class Verdict(StrEnum):
    """What a step was: something asked for, something proven, something told, or the end."""

    FETCHED = "fetched"
    VERIFIED = "verified"
    NOTED = "noted"
    REFUSED = "refused"


Tell = Callable[[Verdict, str], None]


class _Refused(Exception):
    """The step told why."""


def explain(url: str, tell: Tell) -> bool:
    """Fetch what an address stands for, telling each step; return whether we would take it in."""
    try:
        _require_address(url, tell)
        with _told(tell, "the document"):
            document = fetch_pasted(url)
        tell(Verdict.VERIFIED, f"{document['id']} names itself on its own host: {_kinds(document)}")
        _explain_document(document, tell)
    except _Refused:
        return False
    return True


def _require_address(url: str, tell: Tell) -> None:
    host = host_of(url)
    if host is None:
        _refuse(tell, f"{url} is no clean http(s) address")
    if is_local_uri(url):
        _refuse(tell, f"{url} is ours: what is ours is never fetched")
    if is_blocked(host):
        _refuse(tell, f"{host} is blocked by staff")
    parts = urlsplit(url)
    try:
        with http.watched():
            software = fetch_software(f"{parts.scheme}://{parts.netloc}")
        tell(Verdict.NOTED, f"{host} runs {software.name} {software.version}")
    except AppError as error:
        tell(Verdict.NOTED, f"{host} does not say what it runs: {error.cause}")


def _explain_document(document: Mapping[str, Any], tell: Tell) -> None:
    kinds = set(types_of(document))
    if kinds & ACTOR_TYPES:
        _explain_actor(document, tell)
    elif kinds & POST_TYPES:
        _explain_post(document, tell)
    elif kinds & {"Create", "Announce"}:
        inner_uri = id_of(document.get("object")) or ""
        tell(Verdict.NOTED, f"it stands around {inner_uri}, which counts at its own address")
        _require_address(inner_uri, tell)
        with _told(tell, "the object"):
            inner = fetch_document(inner_uri)
        tell(Verdict.VERIFIED, f"{inner['id']} names itself on its own host: {_kinds(inner)}")
        _explain_document(inner if set(types_of(inner)) & POST_TYPES else {}, tell)
    else:
        _refuse(tell, f"{_kinds(document) or 'this'} is nothing that we take in")


def _explain_post(document: Mapping[str, Any], tell: Tell) -> None:
    uri, author_uri = id_of(document) or "", id_of(document.get("attributedTo")) or ""
    if not same_host(uri, author_uri):
        _refuse(tell, f"its author {author_uri or '(none)'} is on another host, and may not have written it")
    tell(Verdict.VERIFIED, f"its author {author_uri} is on the same host")
    audience = addressed(document)
    is_open = any(map(is_public, (*audience.to, *audience.cc)))
    tell(Verdict.NOTED, "it is for everybody" if is_open else "it is not for everybody")
    with _told(tell, "the author"):
        author = fetch_document(author_uri)
    if not set(types_of(author)) & ACTOR_TYPES:
        _refuse(tell, f"{author_uri} is no actor: {_kinds(author)}")
    _explain_actor(author, tell)


def _explain_actor(document: Mapping[str, Any], tell: Tell) -> None:
    usable = listed_keys(document)
    for key_id in listed_key_ids(document):
        known = "can be used" if key_id in usable else "is only named, or cannot be used"
        tell(Verdict.NOTED, f"key {key_id} {known}")
    if document.get("suspended") is True:
        tell(Verdict.NOTED, "its server has suspended it: it would be hidden")
    with _told(tell, "the handle"):
        handle = confirm_handle(document)
    tell(Verdict.VERIFIED, f"@{handle.username}@{handle.host} leads to exactly this actor")


@contextmanager
def _told(tell: Tell, what: str) -> Iterator[None]:
    """Tell every answer of another server inside, and the reason when that is the end."""
    with http.watched() as answers:
        try:
            yield
        except AppError as error:
            _tell_answers(answers, tell)
            _refuse(tell, f"{what}: {error.cause or error.message}")
    _tell_answers(answers, tell)


def _tell_answers(answers: list[http.Answer], tell: Tell) -> None:
    for answer in answers:
        target = answer.headers.get("location", "")
        said = f"to {target}" if target else answer.headers.get("content-type", "without a content type")
        tell(Verdict.FETCHED, f"{answer.url} {answer.status} {said}")


def _kinds(document: Mapping[str, Any]) -> str:
    return ", ".join(types_of(document))


def _refuse(tell: Tell, reason: str) -> NoReturn:
    tell(Verdict.REFUSED, reason)
    raise _Refused
