"""The supervisor: a crash is answered by a restart, and after the stop nothing is left."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from genosocial import supervisor as supervisor_module
from genosocial.supervisor import Program, ProgramFailed, StopRequested, Supervisor, end_leftovers

SLEEPER = "import time\nprint('awake', flush=True)\ntime.sleep(600)"
DEADLINE_SECONDS = 20


class Run:
    """A supervisor with its state file and the lines it wrote."""

    def __init__(self, folder: Path) -> None:
        self.lines: list[str] = []
        self.state_path = folder / "processes.json"
        self.supervisor = Supervisor(lambda name, line: self.lines.append(f"{name}: {line}"), self.state_path)

    def noted(self, name: str) -> dict[str, int]:
        """What the state file says of a program, as soon as it says something."""
        found: dict[str, dict[str, int]] = {}

        def is_noted() -> bool:
            if self.state_path.exists():
                found.update(json.loads(self.state_path.read_text())["programs"])
            return name in found

        wait_for(is_noted)
        return found[name]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    it = Run(tmp_path)
    yield it
    it.supervisor.stop()


def python(name: str, code: str, **options: object) -> Program:
    return Program(name=name, command=(sys.executable, "-c", code), **options)  # type: ignore[arg-type]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def test_a_killed_program_is_started_again_under_a_new_pid(run: Run) -> None:
    run.supervisor.launch(python("worker", SLEEPER))
    run.supervisor.wait_until_ready(DEADLINE_SECONDS)
    first = run.noted("worker")

    os.kill(first["pid"], signal.SIGKILL)

    wait_for(lambda: run.noted("worker")["restarts"] == 1)
    second = run.noted("worker")
    assert second["pid"] != first["pid"]
    assert psutil.pid_exists(second["pid"])
    assert any(line.startswith("worker: killed by SIGKILL; starting again") for line in run.lines)


def test_what_a_crashed_program_had_started_is_ended_before_the_restart(run: Run) -> None:
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True)\n"
        "child.wait()"
    )
    run.supervisor.launch(python("pool", code))
    wait_for(lambda: len(run.lines) == 1)
    orphan = int(run.lines[0].removeprefix("pool: "))

    os.kill(run.noted("pool")["pid"], signal.SIGKILL)

    wait_for(lambda: not psutil.pid_exists(orphan) or psutil.Process(orphan).status() == psutil.STATUS_ZOMBIE)


def test_a_program_that_keeps_crashing_is_given_longer_and_longer_pauses(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "FIRST_BACK_OFF_SECONDS", 0.01)
    run.supervisor.launch(python("broken", "raise SystemExit(3)"))

    wait_for(lambda: len(run.lines) >= 3)

    assert [line.rpartition(" in ")[2] for line in run.lines[:3]] == ["0.01 s", "0.02 s", "0.04 s"]
    assert "ended with code 3" in run.lines[0]


def test_stop_ends_the_last_batch_first_and_leaves_nothing(run: Run) -> None:
    polite = (
        "import signal, sys, time\n"
        "def leave(*_):\n    print('leaving', flush=True)\n    sys.exit()\n"
        "signal.signal(signal.SIGTERM, leave)\nprint('here', flush=True)\ntime.sleep(600)"
    )
    run.supervisor.launch(python("database", polite))
    run.supervisor.launch(python("web", polite))
    wait_for(lambda: len(run.lines) == 2)
    pids = [run.noted(name)["pid"] for name in ("database", "web")]

    run.supervisor.stop()

    assert run.lines[2:] == ["web: leaving", "database: leaving"]
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert not run.state_path.exists()


def test_a_program_that_will_not_stop_is_killed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor_module, "STOP_TIMEOUT_SECONDS", 0.2)
    deaf = f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{SLEEPER}"
    run.supervisor.launch(python("deaf", deaf))
    wait_for(lambda: bool(run.lines))
    pid = run.noted("deaf")["pid"]

    run.supervisor.stop()

    assert not psutil.pid_exists(pid)


def test_a_program_that_ends_before_it_is_ready_fails_the_start_with_its_lines(run: Run) -> None:
    run.supervisor.launch(
        python("web", "print('no such port')\nraise SystemExit(1)", is_ready=lambda pid: False)
    )

    with pytest.raises(ProgramFailed) as caught:
        run.supervisor.wait_until_ready(DEADLINE_SECONDS)

    assert caught.value.program.name == "web"
    assert caught.value.lines == ["no such port"]


def test_a_program_that_does_not_exist_fails_the_start(run: Run) -> None:
    run.supervisor.launch(Program(name="ghost", command=("/nowhere/ghost",), is_ready=lambda pid: False))

    with pytest.raises(ProgramFailed) as caught:
        run.supervisor.wait_until_ready(DEADLINE_SECONDS)

    assert "cannot be started" in caught.value.lines[0]


def test_a_stop_during_the_start_ends_the_waiting(run: Run) -> None:
    run.supervisor.launch(python("slow", SLEEPER, is_ready=lambda pid: False))

    run.supervisor.stopping.set()

    with pytest.raises(StopRequested):
        run.supervisor.wait_until_ready(DEADLINE_SECONDS)


def test_run_once_gives_the_lines_or_the_failure(run: Run) -> None:
    assert run.supervisor.run_once(python("step", "print('done')")) == ["done"]
    with pytest.raises(ProgramFailed):
        run.supervisor.run_once(python("step", "raise SystemExit(2)"))


def test_the_next_start_ends_what_a_killed_parent_left(tmp_path: Path) -> None:
    parent_code = (
        "import sys, time\nfrom pathlib import Path\nfrom genosocial.supervisor import Program, Supervisor\n"
        "supervisor = Supervisor(lambda name, line: print(line, flush=True), Path(sys.argv[1]))\n"
        f"supervisor.launch(Program(name='worker', command=(sys.executable, '-c', {SLEEPER!r})))\n"
        "time.sleep(600)"
    )
    state_path = tmp_path / "processes.json"
    root = Path(__file__).resolve().parent.parent.parent
    with psutil.Popen([sys.executable, "-c", parent_code, str(state_path)], cwd=root, stdout=-1) as parent:
        assert parent.stdout.readline() == b"awake\n"
        worker = psutil.Process(json.loads(state_path.read_text())["programs"]["worker"]["pid"])
        parent.kill()
    assert worker.is_running()

    assert end_leftovers(state_path) == ["worker"]

    wait_for(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
    assert not state_path.exists()


def test_a_pid_that_now_belongs_to_somebody_else_is_left_alone(tmp_path: Path) -> None:
    state_path = tmp_path / "processes.json"
    noted = {"pid": os.getpid(), "created_at": 1.0, "stop_signal": int(signal.SIGKILL)}
    state_path.write_text(json.dumps({"supervisor": {}, "programs": {"web": noted}}))

    assert end_leftovers(state_path) == []
