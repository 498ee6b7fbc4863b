"""`bin/up`: refused starts say what to do; a server comes up, survives a crash and leaves nothing behind."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from genosocial.local_stack import LOCALHOST, free_port
from tests.running_server import SOURCE, RunningServer, eventually


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not below pytest's temporary folder, which every new run closes to PostgreSQL's own user."""
    with TemporaryDirectory(prefix="up-") as name:
        yield Path(name)


def refused(
    *options: str,
    environment: dict[str, str] | None = None,
    program: tuple[str, ...] = ("-m", "genosocial.up"),
) -> str:
    """Start with options that cannot work and return what it says, which is no traceback."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, *program, *options],
        cwd=SOURCE,
        env=kept | (environment or {}),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1, done.stdout
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    return said


def at(folder: Path) -> list[str]:
    return ["--port", str(free_port()), "--data", str(folder)]


def test_a_port_in_use_is_named(folder: Path) -> None:
    with socket.socket() as other:
        other.bind((LOCALHOST, 0))
        other.listen()
        port = str(other.getsockname()[1])

        message = refused("--port", port, "--data", str(folder))

    assert f"port {port} cannot be used (Address already in use)" in message
    assert "choose others with --port" in message
    assert not (folder / "postgres").exists()


def test_a_data_folder_that_is_a_file_is_refused(folder: Path) -> None:
    (folder / "file").write_text("")

    message = refused(*at(folder / "file"))

    assert "the data folder" in message
    assert "choose another with --data" in message


def test_a_data_folder_with_something_else_in_place_of_the_database_is_refused(folder: Path) -> None:
    (folder / "postgres").mkdir()
    (folder / "postgres" / "holiday.jpg").write_text("")

    message = refused(*at(folder))

    assert f"{folder / 'postgres'} does not hold a database: move it away" in message


def test_a_database_of_another_version_is_refused(folder: Path) -> None:
    (folder / "postgres").mkdir()
    (folder / "postgres" / "PG_VERSION").write_text("17\n")

    assert "was made by PostgreSQL 17" in refused(*at(folder))


def test_a_damaged_database_is_named_with_what_to_do(folder: Path) -> None:
    (folder / "postgres").mkdir()
    (folder / "postgres" / "PG_VERSION").write_text("18\n")
    if os.geteuid() == 0:
        shutil.chown(folder / "postgres", "embedded_postgres")
    (folder / "postgres").chmod(0o700)

    message = refused(*at(folder))

    assert "postgres ended with code 2; its last lines above say why." in message
    assert f"If {folder / 'postgres'} is damaged, restore a copy of it" in message


def test_wrong_settings_are_all_listed(folder: Path) -> None:
    wrong = {"GENOSOCIAL_BASE_URL": "gopher://here", "GENOSOCIAL_CONTACT_EMAIL": "nobody"}

    message = refused(*at(folder), environment=wrong)

    assert "- GENOSOCIAL_BASE_URL is" in message
    assert "- GENOSOCIAL_CONTACT_EMAIL is" in message


def test_private_hosts_outside_development_are_refused(folder: Path) -> None:
    open_door = {"GENOSOCIAL_DEVELOPMENT": "0", "GENOSOCIAL_PRIVATE_HOSTS": "localhost:8001"}

    assert "GENOSOCIAL_PRIVATE_HOSTS is set outside development: remove it" in refused(
        *at(folder), "--domain", "social.example", environment=open_door
    )


@pytest.mark.parametrize(
    ("name", "address"),
    [("DATABASE_URL", "postgresql://nobody@127.0.0.1:{}/none"), ("REDIS_URL", "redis://127.0.0.1:{}/0")],
)
def test_a_named_server_that_does_not_answer_is_named(folder: Path, name: str, address: str) -> None:
    servers = {each: os.environ[each] for each in ("DATABASE_URL", "REDIS_URL")}

    message = refused(*at(folder), environment={**servers, name: address.format(free_port())})

    assert f"of {name} cannot be used" in message
    assert not (folder / "postgres").exists()


def test_another_domain_than_at_the_first_start_is_refused(folder: Path) -> None:
    (folder / "domain").write_text("localhost:8000\n")

    message = refused(*at(folder), "--domain", "b.localhost")

    assert "belong to localhost:8000" in message
    assert "start with --domain localhost --port 8000" in message


@pytest.mark.parametrize(
    ("on_path", "advice"),
    [([], "install Python 3.11 or newer"), (["python3.12"], "run: python3.12 bin/up --port 8001")],
)
def test_a_python_that_is_too_old_is_told_in_one_line(folder: Path, on_path: list[str], advice: str) -> None:
    for name in on_path:
        (folder / name).touch(mode=0o755)
    code = (
        "import sys; sys.version_info = (3, 9, 2); sys.path.insert(0, 'bin'); "
        "sys.argv = ['bin/up', *sys.argv[1:]]; exec(open('bin/up').read())"
    )

    message = refused("--port", "8001", environment={"PATH": str(folder)}, program=("-c", code))

    assert message == f"Python 3.9 is too old: {advice}{'' if on_path else ' (or uv) and start again'}.\n"


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with TemporaryDirectory(prefix="up-") as name:
        it = RunningServer("localhost", free_port(), Path(name), [], has_tables=False)
        try:
            it.start()
            yield it
        finally:
            it.stop()


def get(address: str) -> tuple[int, str]:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return answer.status, answer.read().decode()


def invitation(log: str) -> str:
    found = re.search(r"first invitation: +(\S+)", log)
    assert found
    return found[1]


def processes(server: RunningServer) -> dict[str, dict[str, int]]:
    noted: dict[str, dict[str, int]] = json.loads((server.data / "processes.json").read_text())["programs"]
    return noted


def test_the_first_start_shows_a_login_and_an_invitation_that_work(server: RunningServer) -> None:
    assert get(f"{server.base_url}/health") == (200, "OK")
    assert re.search(r"first administrator: admin@localhost", server.log())
    assert re.search(r"password: +\S{16} ", server.log())
    status, page = get(invitation(server.log()))
    assert status == 200
    assert 'name="username"' in page


def test_nobody_else_may_read_the_secrets(server: RunningServer) -> None:
    for name in ("secret_key", "environment"):
        assert (server.data / name).stat().st_mode & 0o077 == 0


def test_a_second_start_on_the_same_data_is_refused_while_it_runs(server: RunningServer) -> None:
    message = refused(*at(server.data))

    assert "is in use by another bin/up (process" in message
    assert get(f"{server.base_url}/health")[0] == 200


@pytest.mark.parametrize(
    "name", ["web", "streaming", "worker", "ingest", "media", "beat", "valkey", "postgres"]
)
def test_a_killed_process_is_started_again(server: RunningServer, name: str) -> None:
    eventually(lambda: name in processes(server), what=f"the start of {name}")
    before = processes(server)[name]["pid"]

    os.kill(before, signal.SIGKILL)

    eventually(lambda: processes(server)[name]["pid"] != before, what=f"the restart of {name}")
    eventually(lambda: is_healthy(server), what="the server's health")


def is_healthy(server: RunningServer) -> bool:
    try:
        return get(f"{server.base_url}/health")[0] == 200
    except OSError:
        return False


def test_a_second_start_keeps_data_and_shows_no_password_and_the_stop_leaves_nothing(
    server: RunningServer,
) -> None:
    key = (server.data / "secret_key").read_text()
    everybody = [
        process.pid
        for noted in processes(server).values()
        for process in (psutil.Process(noted["pid"]), *psutil.Process(noted["pid"]).children(recursive=True))
    ]

    server.stop()
    left = [pid for pid in everybody if psutil.pid_exists(pid)]
    log_of_first = server.log()
    server.start()

    assert left == []
    assert log_of_first.rstrip().endswith("Stopped.")
    assert (server.data / "secret_key").read_text() == key
    assert "password" not in server.log()
    assert get(invitation(log_of_first))[0] == 200
