"""Collections of a person, who is in them, who may see them, and which statuses link to them.

Called by the API doors and the page of a collection; `link_collections` by timelines/statuses.py and
`part_ways` through the event of a block.
Source: API behaviours section 17; Mastodon docs, "Collection".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import unescape

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.featuring import may_feature
from accounts.models import Account
from accounts.roles import COLLECTION_LIMIT
from accounts.validation import LANGUAGE, blank, fault, invalid, too_long
from core.api.parameters import as_id
from core.errors import Details, FieldError, Forbidden, NotFound, Unprocessable
from core.ids import new_id
from core.locks import hold
from core.text import clean_line
from timelines.content import store_tags
from timelines.models import Collection, CollectionItem, Notification, Status, StatusCollection
from timelines.models.collection import DESCRIPTION_LIMIT, LANGUAGE_LIMIT, NAME_LIMIT
from timelines.notifications import notify
from timelines.tags import find_tag

MAX_ITEMS = 25
# A post of another server may hold any number of links.
MAX_LINKED = 10
_LINK = re.compile(r'href="([^"]{1,2040})"')
_CHANGEABLE = ("name", "description", "language", "tag", "sensitive", "discoverable")
# Whoever is in a collection hears when these change.
_TOLD = ("name", "description", "sensitive", "tag_id")


class Refused(Unprocessable):
    """Values that a collection cannot have; apps expect words and details one level deeper than elsewhere."""

    def __init__(self, details: Details) -> None:
        super().__init__(invalid(details).message)
        self.extra = {"error": {"error": self.message, "details": details}}


@dataclass(frozen=True)
class CollectionChanges:
    """What a request says about a collection; None leaves a value as it is, an empty text takes it away."""

    name: str | None = None
    description: str | None = None
    language: str | None = None
    tag_name: str | None = None
    sensitive: bool | None = None
    discoverable: bool | None = None


# Who sees what


def collections_of(account: Account, viewer: Account | None) -> "QuerySet[Collection]":
    """Return the collections of ``account`` that ``viewer`` may find, the latest first."""
    rows = Collection.objects.visible_to(viewer).filter(account=account)
    if viewer is None or viewer.pk != account.pk:
        rows = rows.filter(discoverable=True)
    return rows.order_by("-pk")


def collections_with(account: Account) -> "QuerySet[Collection]":
    """Return the collections that ``account`` is in, for that account itself, the latest first."""
    inside = CollectionItem.objects.accepted().filter(account=account)
    return Collection.objects.visible_to(account).filter(pk__in=inside.values("collection")).order_by("-pk")


def get_collection(viewer: Account | None, collection_id: object) -> Collection:
    """Return a collection that ``viewer`` may see by an id from a client. Raises NotFound."""
    rows = Collection.objects.visible_to(viewer).select_related("account", "tag")
    found = rows.filter(pk=as_id(collection_id) or 0).first()
    if found is None:
        raise NotFound()
    return found


def get_own_collection(account: Account, collection_id: object) -> Collection:
    """Return a collection of ``account``. Raises NotFound, and Forbidden for one of somebody else."""
    found = get_collection(account, collection_id)
    if found.account_id != account.pk:
        raise Forbidden()
    return found


def load_accounts_in(collection: Collection, viewer: Account | None) -> list[Account]:
    """Return the owner, and after it who is in a collection, as far as ``viewer`` may see them."""
    items = (
        CollectionItem.objects.visible_to(viewer)
        .filter(collection=collection)
        .select_related("account")
        .order_by("pk")
    )
    accounts = {item.account_id: item.account for item in items}
    accounts.pop(collection.account_id, None)
    return [collection.account, *accounts.values()]


# Making and changing


def create_collection(
    account: Account, changes: CollectionChanges, members: Sequence[Account], now: datetime
) -> Collection:
    """Make a collection with these members and tell them.

    Raises Refused for wrong values, past 25 members and past 10 collections, Forbidden for a member who may
    not be featured.
    """
    row = Collection(account=account, created_at=now, updated_at=now)
    details = _assign(row, changes)
    for name in ("sensitive", "discoverable"):
        if getattr(changes, name) is None:
            details[name] = [fault("ERR_INCLUSION", _("has to be given"))]
    if len(members) > MAX_ITEMS:
        details["collection_items"] = [_too_many(MAX_ITEMS)]
    if details:
        raise Refused(details)
    with transaction.atomic():
        # So that two at once cannot both be the tenth.
        hold(f"collections:{account.pk}")
        if Collection.objects.filter(account=account).count() >= COLLECTION_LIMIT:
            raise Refused({"collections": [_too_many(COLLECTION_LIMIT)]})
        _store_tag(row)
        row.save(force_insert=True)
        _put_in(row, members, now)
    return row


def update_collection(row: Collection, changes: CollectionChanges, now: datetime) -> None:
    """Change a collection, and tell who is in it when it means something else now. Raises Refused."""
    before = [getattr(row, name) for name in _TOLD]
    if details := _assign(row, changes):
        raise Refused(details)
    with transaction.atomic():
        _store_tag(row)
        row.updated_at = now
        row.save(update_fields=[*_CHANGEABLE, "updated_at"])
        if [getattr(row, name) for name in _TOLD] != before:
            _tell_update(row)


def delete_collection(row: Collection) -> None:
    """Delete a collection; what was told about it goes with it."""
    row.delete()


def _assign(row: Collection, changes: CollectionChanges) -> dict[str, list[FieldError]]:
    """Take over what is asked for and return what is wrong with it, by field."""
    details: dict[str, list[FieldError]] = {}
    if changes.name is not None:
        row.name = clean_line(changes.name)
    if changes.description is not None:
        row.description = clean_line(changes.description)
    if changes.sensitive is not None:
        row.sensitive = changes.sensitive
    if changes.discoverable is not None:
        row.discoverable = changes.discoverable
    if changes.language is not None:
        row.language = changes.language.strip() or None
    if not row.name:
        details["name"] = [blank()]
    elif len(row.name) > NAME_LIMIT:
        details["name"] = [too_long(NAME_LIMIT)]
    if len(row.description) > DESCRIPTION_LIMIT:
        details["description"] = [too_long(DESCRIPTION_LIMIT)]
    if row.language and (len(row.language) > LANGUAGE_LIMIT or not LANGUAGE.fullmatch(row.language)):
        details["language"] = [fault("ERR_INVALID", _("is no language code"))]
    if changes.tag_name is not None and not _assign_tag(row, changes.tag_name):
        details["tag"] = [fault("ERR_INVALID", _("is no hashtag"))]
    return details


def _assign_tag(row: Collection, name: str) -> bool:
    """Take over a hashtag that may be yet to be stored, or take it away; False if it can be none."""
    try:
        row.tag = find_tag(name) if name.strip() else None
    except NotFound:
        return False
    return True


def _store_tag(row: Collection) -> None:
    if row.tag is not None and row.tag_id is None:
        row.tag = store_tags({row.tag.name: row.tag.display_name})[0]


def _tell_update(row: Collection) -> None:
    """Tell who is in a collection that it changed; only the last change is told."""
    told = Notification.objects.filter(collection=row, type=Notification.Type.COLLECTION_UPDATE)
    told.delete()
    inside = CollectionItem.objects.accepted().filter(collection=row)
    notify(
        inside.values_list("account", flat=True),
        Notification.Type.COLLECTION_UPDATE,
        row.account,
        origin_id=new_id(),
        collection=row,
    )


# Who is in them


def add_account(row: Collection, target: Account, now: datetime) -> CollectionItem:
    """Put an account into a collection and tell it.

    Raises Forbidden for one who may not be featured, Refused for one that is or was in it and past 25.
    """
    with transaction.atomic():
        # So that two at once cannot both be the 25th.
        hold(f"collection:{row.pk}")
        return _put_in(row, [target], now)[0]


def _put_in(row: Collection, members: Sequence[Account], now: datetime) -> list[CollectionItem]:
    if not may_feature(row.account, members):
        raise Forbidden(_("This account cannot be put into a collection by you"))
    items = CollectionItem.objects.filter(collection=row)
    if items.filter(account__in=members).exists():
        raise Refused({"account": [fault("ERR_TAKEN", _("is in the collection or has withdrawn from it"))]})
    if items.accepted().count() + len(members) > MAX_ITEMS:
        raise Refused({"collection_items": [_too_many(MAX_ITEMS)]})
    made = CollectionItem.objects.bulk_create(
        CollectionItem(collection=row, account=member, created_at=now) for member in members
    )
    for item in made:
        notify(
            [item.account_id],
            Notification.Type.ADDED_TO_COLLECTION,
            row.account,
            origin_id=item.pk,
            collection=row,
        )
    return made


def _too_many(most: int) -> FieldError:
    return fault("ERR_TOO_MANY", _("may be at most %(most)d") % {"most": most})


def remove_item(row: Collection, item_id: object) -> None:
    """Take somebody out of a collection. Raises NotFound; one who has withdrawn is not there either."""
    item = _items_by_id(item_id).filter(collection=row).first()
    if item is None:
        raise NotFound()
    with transaction.atomic():
        _forget(item)
        item.delete()


def revoke_item(account: Account, collection_id: object, item_id: object) -> None:
    """Withdraw ``account`` from a collection for good. Raises NotFound, and Forbidden for somebody else."""
    item = _items_by_id(item_id).filter(collection=as_id(collection_id) or 0, account=account).first()
    if item is None:
        row = get_collection(account, collection_id)
        raise Forbidden() if _items_by_id(item_id).filter(collection=row).exists() else NotFound()
    with transaction.atomic():
        _forget(item)
        CollectionItem.objects.filter(pk=item.pk).update(state=CollectionItem.State.REVOKED)


def _items_by_id(item_id: object) -> "QuerySet[CollectionItem]":
    return CollectionItem.objects.accepted().filter(pk=as_id(item_id) or 0)


def _forget(item: CollectionItem) -> None:
    Notification.objects.filter(account=item.account_id, collection=item.collection_id).delete()


def part_ways(account_id: int, target_id: int) -> None:
    """Take two accounts out of the collections of each other, since one blocks the other."""
    either = Q(account=account_id, collection__account=target_id)
    other = Q(account=target_id, collection__account=account_id)
    CollectionItem.objects.accepted().filter(either | other).delete()


# Statuses that link to them


def link_collections(status: Status) -> None:
    """Note which collections a new or changed status links to; call it inside the transaction of that."""
    wanted = _linked_ids(status.content)
    if status.edited_at is not None:
        StatusCollection.objects.filter(status=status).exclude(collection__in=wanted).delete()
    if not wanted:
        return
    found = Collection.objects.visible_to(None).filter(pk__in=wanted).values_list("pk", flat=True)
    StatusCollection.objects.bulk_create(
        [StatusCollection(status=status, collection_id=pk) for pk in found], ignore_conflicts=True
    )


def _linked_ids(content: str) -> list[int]:
    prefix = f"{settings.BASE_URL}/collections/"
    if prefix not in content:
        return []
    urls = (unescape(href) for href in _LINK.findall(content))
    found = (as_id(url.removeprefix(prefix)) for url in urls if url.startswith(prefix))
    return list(dict.fromkeys(pk for pk in found if pk is not None))[:MAX_LINKED]
