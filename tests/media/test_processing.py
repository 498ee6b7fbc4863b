"""Jobs over uploads: done once, taken up again, given up in the end."""

import os
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from core.errors import Unprocessable
from media import processing, sandbox
from media.api import media as door
from media.attachments import create_attachment, delete_attachments
from media.decoding.faults import Fault, Refused
from media.models import MediaAttachment
from media.processing import find_waiting, process_attachment
from media.sandbox import FOR_PICTURES, Allowance, Killed, decode
from tests.cast import ApiClient
from tests.media.pictures import picture, upload
from tests.media.recordings import video

ANNA = 1
State = MediaAttachment.State


def waiting(data: bytes) -> MediaAttachment:
    return create_attachment(ANNA, upload(data))


def no_poke(attachment_id: int) -> None:
    raise AssertionError("there is nothing else to do")


@pytest.mark.django_db
def test_an_upload_is_processed_once(files_left: Callable[[], set[str]]) -> None:
    attachment = waiting(picture())
    sent = attachment.upload
    process_attachment(attachment.pk, no_poke)
    attachment.refresh_from_db()
    assert (attachment.state, attachment.attempts) == (State.READY, 1)
    files_left()
    assert not default_storage.exists(sent)
    process_attachment(attachment.pk, no_poke)
    attachment.refresh_from_db()
    assert attachment.attempts == 1


@pytest.mark.django_db
def test_what_nobody_works_on_any_more_is_taken_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    attachment = waiting(picture())
    monkeypatch.setattr(processing, "decode", _die)
    with pytest.raises(KeyboardInterrupt):
        process_attachment(attachment.pk, no_poke)
    monkeypatch.undo()
    now = timezone.now()
    assert find_waiting(now) == []
    process_attachment(attachment.pk, no_poke)
    later = now + timedelta(minutes=1)
    assert find_waiting(later) == [attachment.pk]
    MediaAttachment.objects.update(claimed_until=now - timedelta(seconds=1))
    process_attachment(attachment.pk, no_poke)
    attachment.refresh_from_db()
    assert (attachment.state, attachment.attempts) == (State.READY, 2)


def _die(*args: Any, **kwargs: Any) -> Any:
    raise KeyboardInterrupt


@pytest.mark.django_db
def test_what_kills_every_process_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*args: Any, **kwargs: Any) -> Any:
        raise Killed

    monkeypatch.setattr(processing, "decode", killed)
    attachment = waiting(picture())
    pokes: list[int] = []
    process_attachment(attachment.pk, pokes.append)
    while pokes:
        process_attachment(pokes.pop(), pokes.append)
    attachment.refresh_from_db()
    assert (attachment.state, attachment.fault, attachment.attempts) == (State.FAILED, Fault.FAILED, 4)


@pytest.mark.django_db
def test_recordings_take_turns_and_pictures_pass_them(tmp_path: Path) -> None:
    first, second = waiting(video(tmp_path / "a.mp4")), waiting(video(tmp_path / "b.mp4"))
    photo = waiting(picture())
    with processing._recording:
        process_attachment(first.pk, no_poke)
        process_attachment(photo.pk, no_poke)
    photo.refresh_from_db()
    first.refresh_from_db()
    assert (photo.state, first.state) == (State.READY, State.PROCESSING)
    pokes: list[int] = []
    process_attachment(first.pk, pokes.append)
    assert pokes == [second.pk]


@pytest.mark.django_db
def test_an_upload_deleted_meanwhile_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, files_left: Callable[[], set[str]]
) -> None:
    before = files_left()
    attachment = waiting(picture())

    def decode_slowly(*args: Any, **kwargs: Any) -> Any:
        made = decode(*args, **kwargs)
        delete_attachments([attachment.pk])
        return made

    monkeypatch.setattr(processing, "decode", decode_slowly)
    process_attachment(attachment.pk, no_poke)
    assert files_left() == before


def test_who_asks_while_it_is_processed_sees_how_far_it_is(
    app: ApiClient, post: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "enqueue", lambda attachment_id: None)
    monkeypatch.setattr(door, "WAIT_SECONDS", 0)
    answer = post(picture())
    assert (answer.status_code, answer.json()["url"], answer.json()["progress"]) == (202, None, 0)
    v1 = app.post("/api/v1/media", {"file": upload(picture())}, encoding="multipart")
    assert (v1.status_code, v1.json()["url"]) == (200, None)
    address = f"/api/v1/media/{answer.json()['id']}"
    MediaAttachment.objects.update(progress=42)
    assert (app.get(address).status_code, app.get(address).json()["progress"]) == (206, 42)
    status = app.post("/api/v1/statuses", {"status": "x", "media_ids": [answer.json()["id"]]})
    assert status.status_code == 422
    assert "not processed yet" in status.json()["error"]
    process_attachment(int(answer.json()["id"]), no_poke)
    assert (app.get(address).status_code, "progress" in app.get(address).json()) == (200, False)


def test_what_a_killed_process_left_goes_after_a_while(settings: Any, tmp_path: Path) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    for name, hours in (("old", 3), ("new", 0)):
        (tmp_path / f"work-{name}").mkdir()
        (tmp_path / f"work-{name}" / "original.mp4").write_bytes(b"x")
        (tmp_path / f"{name}.upload").write_bytes(b"x")
        for path in (tmp_path / f"work-{name}", tmp_path / f"{name}.upload"):
            os.utime(path, (time.time() - hours * 3600,) * 2)
    sandbox.sweep_work_folders(timezone.now())
    assert {path.name for path in tmp_path.iterdir()} == {"work-new", "new.upload"}


# The process for one file


def test_a_process_gets_no_secrets_and_ends_with_its_parent(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(picture())
    seen: dict[str, str] = {}
    start = sandbox._start

    def look(*args: Any) -> Any:
        process = start(*args)
        seen.update(psutil.Process(process.pid).environ())
        return process

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox, "_start", look)
        decode("avatar", tmp_path / "source", tmp_path, FOR_PICTURES)
    assert not any("SECRET" in name or "DATABASE" in name for name in seen)
    assert (tmp_path / "original.jpg").exists()


@pytest.mark.parametrize(
    ("ends_with", "raised"),
    [(signal.SIGKILL, Killed), (signal.SIGSEGV, Refused), (signal.SIGXCPU, Refused)],
)
def test_the_death_of_a_process_harms_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends_with: signal.Signals, raised: type[Exception]
) -> None:
    (tmp_path / "source").write_bytes(picture())
    start = sandbox._start

    def start_and_end(*args: Any) -> Any:
        process = start(*args)
        os.kill(process.pid, ends_with)
        return process

    monkeypatch.setattr(sandbox, "_start", start_and_end)
    with pytest.raises(raised):
        decode("avatar", tmp_path / "source", tmp_path, FOR_PICTURES)


def test_what_takes_too_long_is_refused(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(picture("PNG", (3000, 3000)))
    with pytest.raises(Refused) as refused:
        decode("attachment", tmp_path / "source", tmp_path, Allowance(FOR_PICTURES.memory_bytes, 0))
    assert refused.value.fault == Fault.TOO_SLOW


def test_what_swells_is_refused(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(picture("PNG", (5000, 5000)))
    with pytest.raises(Refused):
        decode("attachment", tmp_path / "source", tmp_path, Allowance(200 * 1024**2, 60))


def test_a_cover_of_no_kind_is_refused(db: None, tmp_path: Path) -> None:
    with pytest.raises(Unprocessable):
        create_attachment(ANNA, upload(video(tmp_path / "a.mp4")), thumbnail=upload(b"<svg/>"))
