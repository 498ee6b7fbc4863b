"""What people of ours do, as activities: publish, edit, delete, reblog, favourite, pin.

Source: contract of the federation 4.1, 4.4.
"""

from datetime import datetime
from typing import Any

from accounts.documents import tag_url
from accounts.models import Account
from core.api.rendering import iso
from federation.vocab import AS2, CONTEXT, PUBLIC
from timelines.documents.note import Document, Note, address, render_note
from timelines.models import Favourite, FeaturedTag, Status, StatusPin


def with_context(document: Document) -> Document:
    """Return a document of ours with the context that explains all our terms."""
    return {"@context": CONTEXT, **document}


def render_create(note: Note) -> Document:
    """Render the Create of a status, without `@context`."""
    return _activity(
        f"{note.status.uri}/activity",
        "Create",
        note.status.account,
        published=iso(note.status.created_at),
        to=note.addresses.to,
        cc=note.addresses.cc,
        object=render_note(note),
    )


def render_update(note: Note) -> Document:
    """Render the Update after an edit."""
    edited_at = note.status.edited_at or note.status.created_at
    update = _activity(
        f"{note.status.uri}#updates/{int(edited_at.timestamp() * 1000)}",
        "Update",
        note.status.account,
        published=iso(edited_at),
        to=note.addresses.to,
        cc=note.addresses.cc,
        object=render_note(note),
    )
    return with_context(update)


def render_silent_update(note: Note, now: datetime) -> Document:
    """Render the Update that tells tallies of a poll, consent to a quote, or who may quote.

    Nothing was edited, so it has no such time.
    """
    update = _activity(
        f"{note.status.uri}#updates/{int(now.timestamp() * 1000)}",
        "Update",
        note.status.account,
        to=note.addresses.to,
        cc=note.addresses.cc,
        object=render_note(note),
    )
    return with_context(update)


def render_delete(status: Status) -> Document:
    """Render the Delete; of a deleted status nothing is left but its id."""
    tombstone = {"id": status.uri, "type": "Tombstone", "atomUri": status.uri}
    return with_context(
        _activity(f"{status.uri}#delete", "Delete", status.account, to=[PUBLIC], object=tombstone)
    )


def announce_uri(reblog: Status) -> str:
    """Return the id of the Announce that a reblog is."""
    return reblog.uri if reblog.uri.endswith("/activity") else f"{reblog.uri}/activity"


def render_announce(reblog: Status, inlined: Note | None = None) -> Document:
    """Render the Announce of a reblog, without `@context`; one's own private status may go along whole."""
    original = reblog.reblog_of
    assert original is not None
    addresses = address(reblog.visibility, reblog.account, [])
    return _activity(
        announce_uri(reblog),
        "Announce",
        reblog.account,
        published=iso(reblog.created_at),
        to=addresses.to,
        cc=[original.account.uri, *addresses.cc],
        object=render_note(inlined) if inlined is not None else original.uri,
    )


def render_undo_announce(reblog: Status) -> Document:
    """Render the Undo of a reblog."""
    announce = render_announce(reblog)
    uri = f"{reblog.account.uri}#announces/{reblog.pk}/undo"
    return _plain(_activity(uri, "Undo", reblog.account, to=announce["to"], object=announce))


def like_uri(favourite: Favourite) -> str:
    """Return the id of the Like."""
    return favourite.uri or f"{favourite.account.uri}#likes/{favourite.pk}"


def render_like(favourite: Favourite) -> Document:
    """Render the Like of a favourite."""
    return _plain(_like(favourite))


def render_undo_like(favourite: Favourite) -> Document:
    """Render the Undo of a favourite."""
    return _plain(
        _activity(f"{like_uri(favourite)}/undo", "Undo", favourite.account, object=_like(favourite))
    )


def render_pin(pin: StatusPin) -> Document:
    """Render the Add of a pinned status."""
    return _render_pin(pin, "Add")


def render_unpin(pin: StatusPin) -> Document:
    """Render the Remove of a pinned status."""
    return _render_pin(pin, "Remove")


def _render_pin(pin: StatusPin, kind: str) -> Document:
    return _plain(
        _activity(
            f"{pin.account.uri}#pins/{pin.pk}/{kind.lower()}",
            kind,
            pin.account,
            target=f"{pin.account.uri}/collections/featured",
            object=pin.status.uri,
        )
    )


def render_featured_tag(featured: FeaturedTag, kind: str) -> Document:
    """Render the Add or Remove (``kind``) of a hashtag on the profile."""
    account, tag = featured.account, featured.tag
    hashtag = {"type": "Hashtag", "href": tag_url(tag.name), "name": f"#{tag.display_name}"}
    return with_context(
        _activity(
            f"{account.uri}#tags/{featured.pk}/{kind.lower()}",
            kind,
            account,
            target=f"{account.uri}/collections/featured",
            object=hashtag,
        )
    )


def _like(favourite: Favourite) -> Document:
    return _activity(like_uri(favourite), "Like", favourite.account, object=favourite.status.uri)


def _activity(uri: str, kind: str, actor: Account, **properties: Any) -> Document:
    return {"id": uri, "type": kind, "actor": actor.uri, **properties}


def _plain(document: Document) -> Document:
    """These use no term beyond ActivityStreams, so that a short context is enough."""
    return {"@context": AS2, **document}
