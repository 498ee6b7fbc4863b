"""What posts do with attachments, and what the clock clears away."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone, translation

from core.errors import Unprocessable
from media.attachments import (
    create_attachment,
    delete_attachments,
    load_attachments,
    load_own_unattached,
    mark_attached,
    release_attachments,
    remove_abandoned,
    update_attachment,
)
from media.documents import parse_attachments, parse_emojis, render_document
from media.entities import render_attachment
from media.models import CustomEmoji, MediaAttachment
from media.proxy import Kind, proxied_url
from media.remote import save_remote_attachments, save_remote_emojis
from media.tasks import process, remove_abandoned_attachments
from tests.media.pictures import picture, upload

pytestmark = pytest.mark.django_db

ANNA, BERTHA = 1, 2


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def make(owner_id: int = ANNA) -> MediaAttachment:
    """An upload as it is when it was processed, without the processing."""
    file, preview = (default_storage.save(f"attachments/{name}.png", ContentFile(b"x")) for name in "ab")
    return MediaAttachment.objects.create(
        owner_id=owner_id, type="image", file=file, preview_file=preview, created_at=timezone.now()
    )


def ids_left() -> set[int]:
    return set(MediaAttachment.objects.values_list("id", flat=True))


def test_uploads_come_in_the_order_of_the_post() -> None:
    first, second = make(), make()
    assert load_own_unattached(ANNA, [second.id, first.id]) == [second, first]
    assert load_own_unattached(ANNA, []) == []


def test_only_own_ready_and_unused_uploads_are_attached() -> None:
    mine, foreign, attached, unfinished = make(), make(BERTHA), make(), make()
    mark_attached([attached.id])
    MediaAttachment.objects.filter(pk=unfinished.pk).update(state="processing")
    for attachment, error in [
        (foreign, "does not exist, or is not yours"),
        (attached, "already part of a post"),
        (unfinished, "not processed yet"),
    ]:
        with pytest.raises(Unprocessable, match=error):
            load_own_unattached(ANNA, [mine.id, attachment.id])
    with pytest.raises(Unprocessable, match="at most 4 files"):
        load_own_unattached(ANNA, [make().id for _number in range(5)])


def test_a_file_is_attached_once_and_again_after_its_release() -> None:
    attachment = make()
    mark_attached([attachment.id])
    with pytest.raises(Unprocessable, match="already part of a post"):
        mark_attached([attachment.id])
    release_attachments([attachment.id])
    assert load_own_unattached(ANNA, [attachment.id]) == [attachment]
    mark_attached([attachment.id])


def test_an_attached_file_can_still_be_described() -> None:
    attachment = make()
    mark_attached([attachment.id])
    update_attachment(attachment, description="new")
    assert load_attachments([attachment.id, 0])[attachment.id].description == "new"


def test_abandoned_uploads_go_after_a_day(django_capture_on_commit_callbacks: Any) -> None:
    now = datetime.now(UTC)
    abandoned, used, released = make(), make(), make()
    long_ago = now - timedelta(days=3)
    MediaAttachment.objects.update(created_at=long_ago)
    fresh = make()
    mark_attached([used.id, released.id])
    release_attachments([released.id])
    with django_capture_on_commit_callbacks(execute=True):
        remove_abandoned_attachments.delay()
    assert ids_left() == {used.id, released.id, fresh.id}
    assert not default_storage.exists(abandoned.file)
    assert default_storage.exists(used.file)
    assert remove_abandoned(now + timedelta(hours=25)) == 2
    assert ids_left() == {used.id}


def test_deleting_deletes_rows_at_once_and_files_on_commit(django_capture_on_commit_callbacks: Any) -> None:
    attachment = make()
    mark_attached([attachment.id])
    with django_capture_on_commit_callbacks(execute=True):
        delete_attachments([attachment.id])
        assert not ids_left()
        assert default_storage.exists(attachment.preview_file)
    assert not default_storage.exists(attachment.file)
    assert not default_storage.exists(attachment.preview_file)


def test_what_we_send_another_server_shows() -> None:
    attachment = create_attachment(ANNA, upload(picture("JPEG")), description="Two halves", focus="0.5,0")
    process(attachment_id=attachment.pk)
    attachment.refresh_from_db()
    document = render_document(attachment)
    assert document["mediaType"] == "image/jpeg"
    (shown,) = save_remote_attachments(BERTHA, parse_attachments([document]))
    entity, original = render_attachment(shown), render_attachment(attachment)
    assert entity["remote_url"] == original["url"]
    assert entity["url"] == proxied_url(Kind.PICTURE, original["url"] or "")
    assert entity["meta"]["original"] == original["meta"]["original"]
    assert entity["meta"]["focus"] == original["meta"]["focus"]
    assert entity["description"] == "Two halves"
    assert entity["blurhash"] == original["blurhash"]


def test_an_edited_remote_post_keeps_the_rows_of_files_that_stay() -> None:
    def files(*names: str) -> Any:
        return parse_attachments(
            [{"type": "Image", "url": f"https://d.example/{name}", "name": name.upper()} for name in names]
        )

    one, two = save_remote_attachments(BERTHA, files("1.png", "2.png"))
    assert one.attached_at
    three, again, twice = save_remote_attachments(
        BERTHA, files("3.png", "2.png", "3.png"), current_ids=[one.id, two.id]
    )
    assert again == two
    assert ids_left() == {two.id, three.id, twice.id}
    assert load_attachments([three.id])[three.id].description == "3.PNG"


def test_remote_emoji_are_refreshed_and_stay_disabled() -> None:
    def save(url: str) -> CustomEmoji:
        tag = {"type": "Emoji", "name": ":blob:", "icon": {"type": "Image", "url": url}}
        save_remote_emojis("d.example", parse_emojis([tag, tag]))
        return CustomEmoji.objects.get()

    save("https://d.example/1.png")
    CustomEmoji.objects.update(disabled=True)
    emoji = save("https://d.example/2.png")
    assert emoji.remote_url == "https://d.example/2.png"
    assert emoji.disabled
