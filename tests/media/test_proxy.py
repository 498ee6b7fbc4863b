"""Files of other servers: fetched when a reader of ours looks, kept while there is room, seen through us."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone
from PIL import Image

from accounts.models import Account
from core.api.rendering import without_reader_keys
from federation.models import DomainPolicy
from media.documents import RemoteFile
from media.models import MediaAttachment, RemoteCopy
from media.models.remote_copy import key_of
from media.proxy import Kind, proxied_url
from media.pruning import find_missing, load_usage, prune
from media.remote import save_remote_attachments
from media.tasks import prune_copies
from tests.cast import ApiClient, make_remote_account
from tests.loopback import answer
from tests.media.pictures import animation, opened, picture
from tests.media.recordings import video
from timelines.models import Bookmark, Favourite, Status

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(settings: Any) -> Iterator[Any]:
    from tests.federation.fake_peer import running_peer

    with running_peer(settings, "files") as peer:
        yield peer


def look(app: ApiClient, url: str) -> Any:
    """Fetch one of our addresses as an app does, with the path and the query alone."""
    return app.http.get(url.removeprefix(django_settings.MEDIA_BASE_URL), secure=True)


def show(app: ApiClient, url: str) -> Image.Image:
    """Follow to the picture itself."""
    there = look(app, url)
    assert there.status_code == 302, there
    return opened(b"".join(look(app, there["Location"]).streaming_content))


def anonymous(url: str) -> str:
    return without_reader_keys(url.encode()).decode()


def offer(site: Any, path: str, data: bytes, content_type: str = "image/png") -> str:
    return str(site.add(path, answer(data, content_type=content_type)))


def test_a_reader_sees_a_picture_that_is_fetched_once(app: ApiClient, site: Any) -> None:
    url = offer(site, "/a", picture("JPEG", (1200, 800), comment=b"Secret"))
    assert show(app, proxied_url(Kind.PICTURE, url)).size == (1200, 800)
    assert show(app, proxied_url(Kind.PICTURE, url, small=True)).size == (587, 391)
    assert len(site.targets()) == 1
    copy = RemoteCopy.objects.get()
    assert b"Secret" not in Path(default_storage.path(copy.file)).read_bytes()
    there = look(app, proxied_url(Kind.PICTURE, url))
    assert there["Access-Control-Allow-Origin"] == "*"
    assert load_usage()["remote picture"] == {"files": 1, "bytes": copy.size_bytes}


def test_who_is_no_reader_never_makes_us_fetch(app: ApiClient, site: Any) -> None:
    url = offer(site, "/a", picture())
    there = look(app, anonymous(proxied_url(Kind.PICTURE, url)))
    assert (there.status_code, there["Location"]) == (302, url)
    assert site.targets() == []
    show(app, proxied_url(Kind.PICTURE, url))
    assert look(app, anonymous(proxied_url(Kind.PICTURE, url)))["Location"] != url


def test_only_what_we_made_is_an_address(app: ApiClient, site: Any) -> None:
    ours = proxied_url(Kind.PICTURE, offer(site, "/a", picture()))
    other = proxied_url(Kind.PICTURE, "https://elsewhere.example/b")
    signature, name = ours.split("/")[-2], other.split("/")[-1]
    for address in (
        ours.replace(signature, "0" * 16),
        ours.replace(ours.split("/")[-1], name),
        ours.replace("/picture/", "/avatar/"),
        ours.replace("/picture/", "/nothing/"),
        ours.replace(ours.split("/")[-1], "%00%F0"),
        ours.replace(signature, "ä"),
    ):
        assert look(app, address).status_code == 404
    assert site.targets() == []


@pytest.mark.parametrize(
    ("data", "content_type"),
    [(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png"), (picture()[:50], "image/png"), (b"", "")],
)
def test_what_is_no_picture_is_not_shown_nor_asked_for_again(
    app: ApiClient, site: Any, data: bytes, content_type: str
) -> None:
    ours = proxied_url(Kind.PICTURE, offer(site, "/a", data, content_type))
    assert look(app, ours).status_code == 404
    assert look(app, ours).status_code == 404
    assert len(site.targets()) == 1
    RemoteCopy.objects.update(fetched_at=timezone.now() - timedelta(hours=1))
    assert look(app, ours).status_code == 404
    assert len(site.targets()) == 2


def test_nothing_is_fetched_from_a_blocked_server(app: ApiClient, site: Any) -> None:
    DomainPolicy.objects.create(domain=site.host, severity=DomainPolicy.Severity.SUSPEND)
    assert look(app, proxied_url(Kind.PICTURE, offer(site, "/a", picture()))).status_code == 404
    assert site.targets() == []


def test_each_kind_is_kept_as_it_is_shown(app: ApiClient, site: Any) -> None:
    large = offer(site, "/large", picture("JPEG", (1600, 900)))
    assert show(app, proxied_url(Kind.AVATAR, large)).size == (400, 400)
    assert show(app, proxied_url(Kind.HEADER, large)).size == (1500, 500)
    assert show(app, proxied_url(Kind.CARD, large)).size == (640, 360)
    moving = offer(site, "/moving", animation(5, (200, 100)), "image/gif")
    emoji = show(app, proxied_url(Kind.EMOJI, moving))
    assert (emoji.format, emoji.size, emoji.n_frames) == ("WEBP", (128, 64), 5)  # type: ignore[attr-defined]
    still = show(app, proxied_url(Kind.EMOJI, moving, small=True))
    assert (still.format, still.size) == ("PNG", (128, 64))


def test_videos_are_kept_as_they_came(app: ApiClient, site: Any, tmp_path: Path) -> None:
    data = video(tmp_path / "a.webm", codec="libvpx-vp9")
    there = look(app, proxied_url(Kind.RECORDING, offer(site, "/a", data, "video/webm")))
    file = look(app, there["Location"])
    assert (b"".join(file.streaming_content), file["Content-Type"]) == (data, "video/webm")


def test_a_slow_picture_is_asked_for_again_and_a_video_played_from_there(
    app: ApiClient, site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("media.views._WAIT_SECONDS", 0)
    monkeypatch.setattr("media.views.enqueue_fetch", lambda kind, url: None)
    url = offer(site, "/a", picture())
    later = look(app, proxied_url(Kind.PICTURE, url))
    assert (later.status_code, later["Retry-After"], later["Cache-Control"]) == (503, "2", "no-store")
    assert look(app, proxied_url(Kind.RECORDING, url))["Location"] == url


# What the API tells


def test_only_readers_are_told_the_key(app: ApiClient, site: Any, anna: Account) -> None:
    avatar, file = (f"{site.base}/{name}.png" for name in ("avatar", "file"))
    dora = make_remote_account("dora", avatar_remote_url=avatar)
    post, _attachment = show_file(dora, file)
    seen = app.get(f"/api/v1/statuses/{post.pk}").json()
    shown = seen["media_attachments"][0]
    assert shown["url"] == proxied_url(Kind.PICTURE, file)
    assert shown["preview_url"] == proxied_url(Kind.PICTURE, file, small=True)
    assert shown["remote_url"] == file
    assert seen["account"]["avatar"] == proxied_url(Kind.AVATAR, avatar)
    stranger = ApiClient().get(f"/api/v1/statuses/{post.pk}")
    assert b"reader=" not in stranger.content
    assert stranger.json()["media_attachments"][0]["url"] == anonymous(proxied_url(Kind.PICTURE, file))


def write(account: Account, **fields: Any) -> Status:
    uri = f"{account.uri}/statuses/{Status.objects.count()}"
    return Status.objects.create(
        account=account,
        is_local=account.is_local,
        uri=uri,
        visibility="public",
        content="<p>x</p>",
        created_at=timezone.now(),
        **fields,
    )


def show_file(account: Account, url: str) -> tuple[Status, MediaAttachment]:
    now = timezone.now()
    attachment = MediaAttachment.objects.create(
        owner_id=account.pk, type="image", remote_url=url, attached_at=now, created_at=now
    )
    return write(account, media_ids=[attachment.pk]), attachment


def test_pictures_may_be_fetched_as_they_arrive(
    site: Any, settings: Any, run_jobs: Callable[[], None]
) -> None:
    settings.MEDIA_FETCH = "arrival"
    values = {"blurhash": "", "focus": None, "size": None, "description": None, "preview_url": ""}
    shown = RemoteFile(
        url=offer(site, "/a", picture()),
        type="image",
        mime_type="image/png",
        **values,  # type: ignore[arg-type]
    )
    film = RemoteFile(
        url=offer(site, "/b", b""),
        type="video",
        mime_type="video/mp4",
        **values,  # type: ignore[arg-type]
    )
    save_remote_attachments(1, [shown, film])
    run_jobs()
    assert site.targets() == ["/a"]
    assert RemoteCopy.objects.get().file


# Room


def keep(url: str, size_bytes: int, hours_ago: int, kind: Kind = Kind.PICTURE) -> RemoteCopy:
    used_at = timezone.now() - timedelta(hours=hours_ago)
    name = default_storage.save("remote/a.png", ContentFile(b"x"))
    return RemoteCopy.objects.create(
        kind=kind,
        key=key_of(url),
        url=url,
        file=name,
        size_bytes=size_bytes,
        fetched_at=used_at,
        used_at=used_at,
    )


def left() -> set[str]:
    return {copy.url.rpartition("/")[2] for copy in RemoteCopy.objects.all()}


def test_what_nobody_looked_at_for_longest_goes_first(
    app: ApiClient, files_left: Callable[[], set[str]], settings: Any
) -> None:
    before = files_left()
    for hours in (1, 2, 3, 4):
        keep(f"https://elsewhere.example/{hours}", 100, hours)
    look(app, anonymous(proxied_url(Kind.PICTURE, "https://elsewhere.example/4")))
    settings.MEDIA_CACHE_BYTES = 250
    prune_copies()
    assert left() == {"1", "4"}
    assert len(files_left() - before) == 2
    prune(0)
    assert files_left() == before


def test_what_people_here_care_for_stays(anna: Account) -> None:
    dora, now = make_remote_account("dora"), timezone.now()
    posts = {}
    for name in ("bookmarked", "favourited", "answered", "seen", "theirs"):
        url = f"https://elsewhere.example/{name}"
        posts[name], _ = show_file(dora, url)
        keep(url, 100, 1)
    keep("https://elsewhere.example/avatar", 100, 1, Kind.AVATAR)
    Bookmark.objects.create(account=anna, status=posts["bookmarked"], created_at=now)
    Favourite.objects.create(account=anna, status=posts["favourited"], created_at=now)
    Favourite.objects.create(account=dora, status=posts["theirs"], created_at=now)
    write(anna, in_reply_to=posts["answered"])
    prune(0)
    assert left() == {"bookmarked", "favourited", "answered"}


def test_administrators_see_and_make_room(capsys: pytest.CaptureFixture[str], run_jobs: Any) -> None:
    copy = keep("https://elsewhere.example/1", 2048, 1)
    call_command("media", "usage")
    assert "remote picture" in capsys.readouterr().out
    call_command("media", "verify")
    assert "All files are there" in capsys.readouterr().out
    default_storage.delete(copy.file)
    assert find_missing() == [f"copy {copy.file}"]
    assert find_missing() == []
    keep("https://elsewhere.example/2", 2048, 1)
    call_command("media", "prune", "--until-bytes", "0", "--json")
    assert capsys.readouterr().out.strip() == '{"deleted": 1}'
    MediaAttachment.objects.create(owner_id=1, type="image", file="x/y.png", created_at=timezone.now())
    call_command("media", "verify", "--json")
    assert "x/y.png" in capsys.readouterr().out
