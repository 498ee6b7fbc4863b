"""The streams an app can ask for: their names, the channels behind them, and the scopes they need. Pure.

Who is shown what on public streams stands in the messages, see readers.py. Whose a list is,
`tokens.TokenChecker.require_list` tells.
Source: API behaviours section 13.
"""

import unicodedata
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core.api.access import Credential
from core.api.parameters import as_id
from timelines.streaming.messages import Message

READ = ("read:statuses",)
READ_LISTS = ("read:statuses", "read:lists")
READ_NOTIFICATIONS = ("read:notifications",)
_NOTIFICATION_EVENTS = frozenset({"notification", "notifications_merged"})
_PUBLIC = {
    "public": "timeline:public",
    "public:local": "timeline:public:local",
    "public:remote": "timeline:public:remote",
}
_HASHTAG = {"hashtag": "", "hashtag:local": ":local"}


class StreamRefused(Exception):
    """This stream cannot be had; ``status`` as in HTTP."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class Stream:
    """What an app follows: ``name`` as it asked for it, and which messages of ``channel`` belong to it."""

    name: tuple[str, ...]
    channel: str
    with_notifications: bool = True
    only_notifications: bool = False
    only_media: bool = False
    # Of a list, which only its owner may follow.
    list_id: int | None = None

    def wants(self, message: Message) -> bool:
        """True if this message belongs to the stream."""
        is_notification = message.event in _NOTIFICATION_EVENTS
        if self.only_notifications:
            return is_notification
        if is_notification and not self.with_notifications:
            return False
        return message.has_media or not self.only_media


def find_stream(name: str, credential: Credential, *, tag: str = "", list_id: str = "") -> Stream:
    """Return the stream of this name.

    Raises StreamRefused: 400 unknown, no tag or no list, 401 outside the scopes.
    """
    if name == "user:notification":
        _require(credential, READ_NOTIFICATIONS)
        return Stream((name,), _home_channel(credential), only_notifications=True)
    if name == "user":
        _require(credential, READ)
        return Stream(
            (name,), _home_channel(credential), with_notifications=credential.covers(READ_NOTIFICATIONS)
        )
    if name == "direct":
        _require(credential, READ)
        return Stream((name,), f"timeline:direct:{credential.account.pk}")
    if name == "list":
        _require(credential, READ_LISTS)
        number = as_id(list_id)
        if number is None:
            raise StreamRefused(_("The list is missing"), 400)
        return Stream((name, list_id), f"timeline:list:{number}", list_id=number)
    base = name.removesuffix(":media")
    if base in _PUBLIC:
        _require(credential, READ)
        return Stream((name,), _PUBLIC[base], only_media=base != name)
    if name in _HASHTAG:
        _require(credential, READ)
        if not tag.strip("# "):
            raise StreamRefused(_("The hashtag is missing"), 400)
        return Stream((name, tag), f"timeline:hashtag:{normalise_tag(tag)}{_HASHTAG[name]}")
    raise StreamRefused(_("There is no such stream"), 400)


def normalise_tag(tag: str) -> str:
    """Return the name under which the posts of a hashtag are published."""
    return unicodedata.normalize("NFKC", tag.strip("# ")).lower()


def _home_channel(credential: Credential) -> str:
    return f"timeline:{credential.account.pk}"


def _require(credential: Credential, scopes: tuple[str, ...]) -> None:
    if not credential.covers(scopes):
        raise StreamRefused(_("This action is outside the authorized scopes"), 401)
