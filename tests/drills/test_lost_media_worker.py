"""The media worker dies in the middle of a video: the upload is taken up again and becomes ready."""

import io
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
from PIL import Image

from genosocial.local_stack import free_port
from tests.people import Person, join
from tests.running_server import RunningServer, eventually

# A claim of a dead worker holds for half a minute, and the clock looks every quarter.
RECOVERY_SECONDS = 240


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One running server."""
    # Not below pytest's temporary folder, which every new run closes to PostgreSQL's own user.
    with tempfile.TemporaryDirectory(prefix="media-drill-") as folder:
        running = RunningServer("localhost", free_port(), Path(folder), [])
        try:
            running.start()
            yield running
        finally:
            running.stop()


def _long_video(path: Path) -> bytes:
    """Write clouds in a codec that not every app plays: quick to make, slow to encode anew."""
    clouds = [Image.effect_noise((64, 36), 60 + number).convert("RGB") for number in range(4)]
    frames = [cloud.resize((1280, 720), Image.Resampling.BICUBIC) for cloud in clouds]
    with av.open(str(path), "w") as target:
        stream = target.add_stream("mpeg4", rate=25, options={"qscale": "31"})
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for number in range(25 * 20):
            frame = av.VideoFrame.from_image(frames[number % 4])
            frame.pts, frame.time_base = number, Fraction(1, 25)
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return path.read_bytes()


def _ask(person: Person, media_id: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {person.app.access_token}"}
    return httpx.get(f"{person.server.base_url}/api/v1/media/{media_id}", headers=headers)


def test_a_video_survives_the_death_of_its_worker(server: RunningServer, tmp_path: Path) -> None:
    anna = join(server, "anna", language="de")
    film = io.BytesIO(_long_video(tmp_path / "a.mp4"))
    media = anna.app.media_post(film, "video/mp4", description="Rauschen")
    assert media.url is None

    def far_enough() -> bool:
        answer = _ask(anna, media.id)
        assert answer.status_code == 206, answer.text
        return 0 < answer.json()["progress"] < 90

    eventually(far_enough, what="the beginning of the work")
    server.kill("media")
    ready = eventually(
        lambda: (answer := _ask(anna, media.id)).status_code == 200 and answer.json(),
        seconds=RECOVERY_SECONDS,
        what="the end of the work",
    )
    assert ready["type"] == "video"
    assert ready["meta"]["original"]["size"] == "1280x720"
    status = anna.app.status_post("Seht", media_ids=[media.id])
    assert status.media_attachments[0].description == "Rauschen"
    assert [path for path in (server.data / "media" / "uploads").rglob("*") if path.is_file()] == []
