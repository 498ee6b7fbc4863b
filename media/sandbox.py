"""Lets a process of its own read a file of a stranger: it may hang, swell or crash without harm.

The process gets no settings and no secrets, only as much memory and time as the job is worth, and it ends
with the one that started it. `processing`, `pictures`, `emojis` and `remote_files` call this.
"""

import json
import logging
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any, Final

from django.conf import settings

from media.decoding.faults import Fault, Refused

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one job may take: bytes of memory, seconds of its processors and of the clock."""

    memory_bytes: int
    seconds: int


FOR_PICTURES: Final = Allowance(2 * 1024**3, 60)
FOR_RECORDINGS: Final = Allowance(4 * 1024**3, 1800)
_LOGGED_CHARACTERS: Final = 1_000
# Longer than any job may take.
_LEFT_BEHIND_AFTER: Final = timedelta(hours=2)


class Killed(Exception):
    """The process was killed by somebody else: the system that ran out of memory, or an administrator."""


@contextmanager
def work_folder() -> Iterator[Path]:
    """Give an empty folder on the disk that uploads come to; all in it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="work-", dir=settings.FILE_UPLOAD_TEMP_DIR) as name:
        yield Path(name)


def sweep_work_folders(now: datetime) -> None:
    """Delete what uploads and jobs left on this machine when their process was killed."""
    for path in Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir():
        try:
            if path.stat().st_mtime < (now - _LEFT_BEHIND_AFTER).timestamp():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        except FileNotFoundError:  # its process is alive and was faster
            continue


def decode(
    job: str,
    source: Path,
    folder: Path,
    allowance: Allowance,
    *,
    on_progress: Callable[[int], None] = lambda percent: None,
) -> dict[str, Any]:
    """Let a process do a job of media/decoding with a file and return what it made in the folder.

    ``on_progress`` gets 0 to 100, at least every few seconds. Raises Refused, or Killed: try again.
    """
    with tempfile.TemporaryFile(dir=folder) as complaints:
        process = _start(job, source, folder, allowance, complaints)
        clock = threading.Timer(allowance.seconds, process.kill)
        clock.start()
        try:
            told = _listen(process, on_progress)
        finally:
            timed_out = not clock.is_alive()
            clock.cancel()
            process.kill()
            process.communicate()
        if "result" not in told and told.get("fault") is None:
            _log_complaints(job, process.returncode, complaints)
    if "result" in told:
        return told["result"]
    raise _what_happened(told, process.returncode, timed_out)


def _start(
    job: str, source: Path, folder: Path, allowance: Allowance, complaints: IO[bytes]
) -> "subprocess.Popen[str]":
    limits = [str(allowance.memory_bytes), str(allowance.seconds)]
    return subprocess.Popen(
        [sys.executable, "-m", "media.decoding", job, str(source), str(folder), *limits],
        cwd=settings.BASE_DIR,
        env={"MALLOC_ARENA_MAX": "2"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=complaints,
        text=True,
    )


def _listen(process: "subprocess.Popen[str]", on_progress: Callable[[int], None]) -> dict[str, Any]:
    """Return the last line, which says how it ended; nothing when the process ended before."""
    assert process.stdout is not None
    for line in process.stdout:
        told: dict[str, Any] = json.loads(line) if line.endswith("\n") else {}
        if "progress" not in told:
            return told
        on_progress(int(told["progress"]))
    process.wait()
    return {}


def _what_happened(told: dict[str, Any], code: int, timed_out: bool) -> Exception:
    if "fault" in told:
        return Refused(Fault(told["fault"]))
    if timed_out or code == -signal.SIGXCPU:
        return Refused(Fault.TOO_SLOW)
    return Killed() if code == -signal.SIGKILL else Refused(Fault.DAMAGED)


def _log_complaints(job: str, code: int, complaints: IO[bytes]) -> None:
    complaints.seek(0)
    text = complaints.read()[-_LOGGED_CHARACTERS:].decode("utf-8", "replace")
    log.warning("decoding_failed", extra={"job": job, "code": code, "cause": text})
