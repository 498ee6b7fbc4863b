"""Runs the processes of one server under one parent: prefixed log lines, restart with back-off, a clean stop.

Used by `genosocial/up.py` for a whole server and by the tests for their database and Valkey. Each program is
the leader of a process group of its own: Ctrl-C at the terminal reaches only the parent, which then stops the
programs in the order it wants, and nothing that a program has started outlives it. The pids are kept in a
state file: drills can kill a process, and the next start can end what a killed parent left behind.
"""

import json
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import psutil

FIRST_BACK_OFF_SECONDS = 0.5
MAX_BACK_OFF_SECONDS = 30.0
HEALTHY_AFTER_SECONDS = 30.0  # a program that ran this long starts again with the first back-off
STOP_TIMEOUT_SECONDS = 12.0
POLL_SECONDS = 0.05
KEPT_LINES = 40
CANNOT_START = 127

LineWriter = Callable[[str, str], None]


@dataclass(frozen=True, kw_only=True)
class Program:
    """One process to run: what, as whom, how to see that it is ready and how to stop it."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    user: str | None = None  # only root may set it
    stop_signal: signal.Signals = signal.SIGTERM
    quiet: bool = False  # its lines are shown only when it fails
    is_ready: Callable[[int], bool] = lambda pid: True  # asked again and again with the pid


class ProgramFailed(Exception):
    """A program ended before it was ready; `lines` are the last ones it wrote."""

    def __init__(self, program: Program, code: int | None, lines: Iterable[str]) -> None:
        super().__init__(f"{program.name} {_how_it_ended(code)}")
        self.program = program
        self.lines = list(lines)


class StopRequested(Exception):
    """Somebody asked for the stop while the start was still going on."""


class Supervisor:
    """Starts programs in batches, keeps them alive and stops the batches in the opposite order."""

    def __init__(self, write_line: LineWriter, state_path: Path | None = None) -> None:
        self.write_line = write_line
        self.stopping = threading.Event()
        self._state_path = state_path
        self._state_lock = threading.Lock()
        self._batches: list[list[_Child]] = []

    def launch(self, *programs: Program) -> None:
        """Start `programs` together and keep them running; returns at once."""
        batch = [_Child(program, self) for program in programs]
        self._batches.append(batch)
        for child in batch:
            child.start()

    def wait_until_ready(self, timeout_seconds: float) -> None:
        """Block until all programs are ready; raises ProgramFailed or StopRequested."""
        deadline = time.monotonic() + timeout_seconds
        waiting = self._children()
        while waiting:
            if self.stopping.is_set():
                raise StopRequested
            for child in waiting:
                if child.first_exit_code is not None:
                    raise ProgramFailed(child.program, child.first_exit_code, child.lines)
            waiting = [child for child in waiting if not child.is_ready()]
            if waiting and time.monotonic() > deadline:
                raise ProgramFailed(waiting[0].program, None, waiting[0].lines)
            if waiting:
                self.stopping.wait(POLL_SECONDS)

    def run_once(self, program: Program) -> list[str]:
        """Run `program` to its end and return its last lines; raises ProgramFailed or StopRequested."""
        child = _Child(program, self, restart=False)
        self._batches.append([child])
        child.start()
        while not child.join(POLL_SECONDS):
            if self.stopping.is_set():
                child.ask_to_stop()
                child.finish_stop()
        self._batches.remove([child])
        if self.stopping.is_set():
            raise StopRequested
        if child.first_exit_code:
            raise ProgramFailed(program, child.first_exit_code, child.lines)
        return list(child.lines)

    def stop(self) -> None:
        """End all programs, the last batch first: nothing is left; harmless when called again."""
        self.stopping.set()
        for batch in reversed(self._batches):
            for child in batch:
                child.ask_to_stop()
            for child in batch:
                child.finish_stop()
        if self._state_path:
            self._state_path.unlink(missing_ok=True)

    def note_processes(self) -> None:
        """Write who runs, as `{"supervisor": {…}, "programs": {name: {"pid", "created_at", …}}}`."""
        if not self._state_path:
            return
        with self._state_lock:
            if self.stopping.is_set():
                return
            state = {
                "supervisor": _identity(os.getpid()),
                "programs": {c.program.name: c.describe() for c in self._children() if c.process is not None},
            }
            draft = self._state_path.with_suffix(".new")
            draft.write_text(json.dumps(state, indent=1))
            os.replace(draft, self._state_path)

    def _children(self) -> "list[_Child]":
        return [child for batch in self._batches for child in batch]


class _Child:
    """One program and the thread that runs it again when it ends."""

    def __init__(self, program: Program, supervisor: Supervisor, *, restart: bool = True) -> None:
        self.program = program
        self.process: subprocess.Popen[str] | None = None
        self.first_exit_code: int | None = None
        self.lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._identity: dict[str, Any] = {}
        self._restarts = 0
        self._restart = restart
        self._supervisor = supervisor
        self._start_lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=program.name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self, timeout_seconds: float) -> bool:
        """Wait for the end, but not longer; says whether it came."""
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def is_ready(self) -> bool:
        process = self.process
        return process is not None and process.poll() is None and self.program.is_ready(process.pid)

    def describe(self) -> dict[str, Any]:
        return {
            **self._identity,
            "restarts": self._restarts,
            "stop_signal": int(self.program.stop_signal),
        }

    def ask_to_stop(self) -> None:
        with self._start_lock:  # from here on, no new process can appear
            if self.process is not None and self.process.poll() is None:
                self.process.send_signal(self.program.stop_signal)

    def finish_stop(self) -> None:
        self._thread.join(STOP_TIMEOUT_SECONDS)
        if self.process is not None:
            _kill_group(self.process.pid)
        self._thread.join()

    def _run(self) -> None:
        stopping, back_off = self._supervisor.stopping, FIRST_BACK_OFF_SECONDS
        while True:
            started_at = time.monotonic()
            code = self._run_process()
            if code is None:
                return
            if self.first_exit_code is None:
                self.first_exit_code = code
            if stopping.is_set() or not self._restart:
                return
            if time.monotonic() - started_at > HEALTHY_AFTER_SECONDS:
                back_off = FIRST_BACK_OFF_SECONDS
            if self.program.quiet:
                for line in self.lines:
                    self._supervisor.write_line(self.program.name, line)
            self._restarts += 1
            self._supervisor.write_line(
                self.program.name,
                f"{_how_it_ended(code)}; starting again in {back_off:g} s",
            )
            stopping.wait(back_off)
            back_off = min(back_off * 2, MAX_BACK_OFF_SECONDS)

    def _run_process(self) -> int | None:
        """Run the process to its end and say how it ended; None: the stop was asked for before it started."""
        try:
            process = self._open()
        except OSError as error:
            self._note(f"cannot be started: {error}")
            return CANNOT_START
        return self._follow(process) if process else None

    def _open(self) -> "subprocess.Popen[str] | None":
        """Start the process, unless the stop was asked for meanwhile."""
        with self._start_lock:
            if self._supervisor.stopping.is_set():
                return None
            self.process = subprocess.Popen(
                self.program.command,
                env=dict(self.program.environment) or None,
                cwd=self.program.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
                **_as_user(self.program.user),
            )
            self._identity = _identity(self.process.pid)
        self._supervisor.note_processes()
        return self.process

    def _follow(self, process: "subprocess.Popen[str]") -> int:
        """Pass the lines on until the process ends; then end its whole group, and say how it ended."""
        reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        reader.start()
        code = process.wait()
        _kill_group(process.pid)  # or its orphans would hold the log pipe and the port
        reader.join()
        return code

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self._note(line.rstrip("\n"))

    def _note(self, line: str) -> None:
        self.lines.append(line)
        if not self.program.quiet:
            self._supervisor.write_line(self.program.name, line)


def end_leftovers(state_path: Path) -> list[str]:
    """End the processes of a parent that was killed; returns their names.

    A pid counts only with the moment the process was made: the system may have given it to another since.
    """
    if not state_path.is_file():
        return []
    programs: dict[str, dict[str, Any]] = json.loads(state_path.read_text())["programs"]
    ended = []
    for name, noted in reversed(programs.items()):
        process = _find_process(noted)
        if process is None:
            continue
        process.send_signal(noted["stop_signal"])
        psutil.wait_procs([process], timeout=STOP_TIMEOUT_SECONDS)
        _kill_group(noted["pid"])
        ended.append(name)
    state_path.unlink()
    return ended


def _identity(pid: int) -> dict[str, Any]:
    try:
        return {"pid": pid, "created_at": psutil.Process(pid).create_time()}
    except psutil.NoSuchProcess:
        return {"pid": pid, "created_at": 0.0}


def _find_process(noted: Mapping[str, Any]) -> psutil.Process | None:
    try:
        process = psutil.Process(noted["pid"])
        return process if abs(process.create_time() - noted["created_at"]) < 1 else None
    except psutil.NoSuchProcess:
        return None


def _as_user(user: str | None) -> dict[str, Any]:
    return {"user": user, "group": user, "extra_groups": []} if user else {}


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # nobody is left in it; macOS says PermissionError when only zombies are


def _how_it_ended(code: int | None) -> str:
    if code is None:
        return "is not ready in time"
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
