"""Measures what a picture costs on its way into a post: ``python -m benchmarks.media``. Linux only.

Starts a whole server on a new data folder and prints Markdown: how long a 12-megapixel JPEG takes until an
app may post it, beside what Pillow alone needs for the same two sizes; what the web process holds before,
while and after it takes a video of nearly the largest size; and how twenty uploads at once fare.
"""

import argparse
import io
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from benchmarks.processes import Processes
from benchmarks.report import table
from genosocial.local_stack import free_port
from tests.people import Person, join
from tests.running_server import RunningServer

PHOTO = (4000, 3000)
KEPT = (3325, 2494)
PREVIEW = (554, 415)
MANY = 20
LARGEST_BYTES = 98 * 1024 * 1024
WAIT_SECONDS = 300


def main() -> None:
    """Start a server, upload, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="uploads of the photo (default: %(default)s)")
    rounds = parser.parse_args().rounds
    # Not below a folder that is closed to PostgreSQL's own user.
    with tempfile.TemporaryDirectory(prefix="media-") as name:
        server = RunningServer("localhost", free_port(), Path(name), [])
        try:
            server.start()
            anna = join(server, "anna", language="de")
            _print(_photo(anna, rounds))
            _print(_memory(server, anna))
            _print(_many(anna))
        finally:
            server.stop()


def _print(lines: list[str]) -> None:
    sys.stdout.write("\n".join(lines) + "\n\n")
    sys.stdout.flush()


def _photo(person: Person, rounds: int) -> list[str]:
    """Compare the time until a photo is ready with that of Pillow alone, in turns."""
    photo = make_photo()
    alone, ready = [], []
    for _ in range(rounds):
        alone.append(_seconds(lambda: with_pillow_alone(photo)))
        ready.append(_seconds(lambda: upload(person, photo, "image/jpeg")))
    best, shown = min(alone), min(ready)
    return table(
        ("a 12-megapixel JPEG", "seconds, best", "seconds, median"),
        [
            ("Pillow alone: decode, two sizes, encode", f"{best:.2f}", f"{statistics.median(alone):.2f}"),
            ("upload until ready", f"{shown:.2f}", f"{statistics.median(ready):.2f}"),
            ("ratio", f"{shown / best:.2f}", f"{statistics.median(ready) / statistics.median(alone):.2f}"),
        ],
    )


def make_photo() -> bytes:
    """Return a JPEG as a camera makes it: smooth areas and noise."""
    image = Image.effect_noise((PHOTO[0] // 8, PHOTO[1] // 8), 60).resize(PHOTO, Image.Resampling.BICUBIC)
    target = io.BytesIO()
    Image.merge("RGB", (image, image.rotate(180), image)).save(target, "JPEG", quality=90)
    return target.getvalue()


def with_pillow_alone(photo: bytes) -> None:
    """Do what has to be done at least: decode, scale to both sizes, encode both as we keep them."""
    image = Image.open(io.BytesIO(photo)).convert("RGB")
    kept = image.resize(KEPT, Image.Resampling.LANCZOS)
    kept.save(io.BytesIO(), "JPEG", quality=90, progressive=True)
    preview = kept.resize(PREVIEW, Image.Resampling.LANCZOS)
    preview.save(io.BytesIO(), "JPEG", quality=80, progressive=True)


def _memory(server: RunningServer, person: Person) -> list[str]:
    """Watch the web process while it takes a file of nearly the largest size."""
    web = Processes({"web": server.pids()["web"]})
    before, most, done = _mebibytes(web), 0.0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.05):
            most = max(most, _mebibytes(web))

    watcher = threading.Thread(target=watch)
    watcher.start()
    # No video: what is measured is the way to the disk.
    body = b"\0\0\0\x18ftypisom" + bytes(LARGEST_BYTES)
    seconds = _seconds(lambda: _post(person, body, "video/mp4"))
    done.set()
    watcher.join()
    return table(
        (f"web process, an upload of {LARGEST_BYTES // 1024**2} MB in {seconds:.1f} s", "PSS, MiB"),
        [
            ("before", f"{before:.0f}"),
            ("most during it", f"{most:.0f}"),
            ("after", f"{_mebibytes(web):.0f}"),
        ],
    )


def _mebibytes(processes: Processes) -> float:
    return sum(size for _count, size in processes.memory().values())


def _many(person: Person) -> list[str]:
    """Upload twenty photos at once and wait until all are ready."""
    photo = make_photo()
    started_at = time.monotonic()
    with ThreadPoolExecutor(MANY) as pool:
        times = sorted(pool.map(lambda _: _seconds(lambda: upload(person, photo, "image/jpeg")), range(MANY)))
    total = time.monotonic() - started_at
    return table(
        (f"{MANY} photos at once", "seconds"),
        [
            ("first ready", f"{times[0]:.1f}"),
            ("half of them ready", f"{times[MANY // 2]:.1f}"),
            ("all ready, none refused", f"{total:.1f}"),
        ],
    )


def upload(person: Person, data: bytes, mime_type: str) -> None:
    """Upload a file and ask until it is ready, as apps do."""
    answer, pause = _post(person, data, mime_type), 0.2
    deadline = time.monotonic() + WAIT_SECONDS
    while answer.status_code in (202, 206):
        if time.monotonic() > deadline:
            raise RuntimeError("the file did not become ready")
        time.sleep(pause)
        pause = min(pause * 1.5, 5.0)  # an app has only so many calls in five minutes
        answer = _client(person).get(f"/api/v1/media/{answer.json()['id']}")
    answer.raise_for_status()


def _post(person: Person, data: bytes, mime_type: str) -> httpx.Response:
    files: dict[str, Any] = {"file": ("file", io.BytesIO(data), mime_type)}
    return _client(person).post("/api/v2/media", files=files)


def _client(person: Person) -> httpx.Client:
    headers = {"Authorization": f"Bearer {person.app.access_token}"}
    return httpx.Client(base_url=person.server.base_url, headers=headers, timeout=WAIT_SECONDS)


def _seconds(step: Callable[[], None] | Callable[[], object]) -> float:
    started_at = time.monotonic()
    step()
    return time.monotonic() - started_at


if __name__ == "__main__":
    main()
