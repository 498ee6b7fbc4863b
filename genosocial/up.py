"""`bin/up`: one whole server on this machine, with its own PostgreSQL and Valkey unless others are named.

`bin/up` runs this module once the packages are there. Development is on unless GENOSOCIAL_DEVELOPMENT=0; what
the environment says wins over what is made up here. All that the server keeps lies in the data folder.
"""

import argparse
import fcntl
import http.client
import json
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from genosocial import env, local_stack
from genosocial.local_stack import LOCALHOST, LocalStackError
from genosocial.supervisor import Program, ProgramFailed, StopRequested, Supervisor, end_leftovers

DEFAULT_PORT = 8000
# Not the next port: that is where a second server is usually started.
STREAMING_PORT_DISTANCE = 1000
SERVERS_TIMEOUT_SECONDS = 120
PROGRAMS_TIMEOUT_SECONDS = 120
THREAD_QUEUES = "deliver,fanout,mail,push,default"
PROCESS_QUEUES = "ingress,media"
KEPT_BETWEEN_STARTS = ("GENOSOCIAL_DOMAIN",)
PYTHON = sys.executable


class CannotStart(Exception):
    """The start is refused; the text is one line that says what to do."""


def main() -> None:
    """Run the server until Ctrl-C or SIGTERM; exit code 0 after a clean stop, 1 with one line otherwise."""
    started_at = time.monotonic()
    options = _parse_options(sys.argv[1:])
    supervisor = Supervisor(_write_line, options.data / "processes.json")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: supervisor.stopping.set())
    try:
        with _locked_folder(options.data):
            try:
                first_steps = _start(options, supervisor)
                _greet(options, first_steps, time.monotonic() - started_at)
                supervisor.stopping.wait()
            finally:
                supervisor.stop()
    except StopRequested:
        _say("Stopped before the start was complete.")
    except (CannotStart, LocalStackError) as error:
        raise SystemExit(f"bin/up: {error}") from None
    except ProgramFailed as error:
        raise SystemExit(f"bin/up: {_explain(error, options.data)}") from None
    else:
        _say("Stopped.")


def _parse_options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/up", description="Set everything up and run the server.")
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="of the web pages (default: %(default)s)"
    )
    parser.add_argument("--streaming-port", type=int, help=f"default: port + {STREAMING_PORT_DISTANCE}")
    parser.add_argument("--domain", help="name in handles and addresses (default: localhost:<port>)")
    parser.add_argument("--data", type=Path, help="folder of all data (default: var)")
    options = parser.parse_args(arguments)
    if options.streaming_port is None:
        distance = STREAMING_PORT_DISTANCE if options.port + STREAMING_PORT_DISTANCE < 65536 else -1000
        options.streaming_port = options.port + distance
    options.data = (
        options.data or Path(os.environ.get("GENOSOCIAL_DATA_DIR") or env.SOURCE_FOLDER / "var")
    ).resolve()
    return options


def _start(options: argparse.Namespace, supervisor: Supervisor) -> Mapping[str, Any]:
    """Start everything and wait until it answers; returns what the first start has made."""
    ended = end_leftovers(options.data / "processes.json")
    if ended:
        _say(f"Ended what an earlier start had left running: {', '.join(ended)}.")
    for port in (options.port, options.streaming_port):
        _require_free_port(port)
    servers, addresses = _embedded_servers(options.data)
    environment = _build_environment(options, addresses)
    if servers:
        _say(f"Starting {' and '.join(program.name for program in servers)} …")
        supervisor.launch(*servers)
        supervisor.wait_until_ready(SERVERS_TIMEOUT_SECONDS)
        if "DATABASE_URL" in addresses:
            local_stack.ensure_database(options.data / "postgres")
    _say("Preparing the database, translations and static files …")
    prepare = Program(
        name="prepare",
        command=(PYTHON, "-m", "genosocial.prepare"),
        environment=environment,
        folder=env.SOURCE_FOLDER,
    )
    first_steps: Mapping[str, Any] = json.loads(supervisor.run_once(prepare)[-1])
    supervisor.launch(*_programs(options, environment))
    supervisor.wait_until_ready(PROGRAMS_TIMEOUT_SECONDS)
    return first_steps


# --- the data folder


def _locked_folder(folder: Path) -> IO[str]:
    """Make the data folder if need be and hold it for this process; closing the file lets it go."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / "lock").open("a+")
    except OSError as error:
        raise CannotStart(
            f"the data folder {folder} cannot be used ({error.strerror}): choose another with --data."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip()
        raise CannotStart(
            f"the data folder {folder} is in use by another bin/up (process {holder}): "
            "stop that one, or choose another folder with --data."
        ) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def _secret_key(folder: Path) -> str:
    path = folder / "secret_key"
    if not path.exists():
        _write_private(path, secrets.token_hex(32))
    key = path.read_text().strip()
    if len(key) < env.SECRET_KEY_MIN_LENGTH:
        raise CannotStart(
            f"{path} is damaged: restore it, or delete it to get a new one (all will have to sign in)."
        )
    return key


def _write_private(path: Path, content: str) -> None:
    draft = path.with_name(f"{path.name}.new")
    draft.touch(mode=0o600)
    draft.write_text(content)
    draft.replace(path)


# --- settings


def _build_environment(options: argparse.Namespace, addresses: Mapping[str, str]) -> dict[str, str]:
    """The environment of all processes, checked; also left in the data folder, where manage.py finds it."""
    given = {name: value for name, value in os.environ.items() if value}
    base_url = given.get("GENOSOCIAL_BASE_URL", "")
    domain = options.domain or given.get("GENOSOCIAL_DOMAIN") or base_url.partition("://")[2] or "localhost"
    if not base_url and ":" not in domain:
        domain = f"{domain}:{options.port}"
    host = domain.partition(":")[0]
    made_up = {
        "GENOSOCIAL_DEVELOPMENT": "1",
        "GENOSOCIAL_BASE_URL": f"http://{domain}",
        "GENOSOCIAL_STREAMING_URL": f"ws://{host}:{options.streaming_port}",
        **addresses,
    }
    if not given.keys() & {"SECRET_KEY", "SECRET_KEY_FILE"}:
        made_up["SECRET_KEY"] = _secret_key(options.data)
    decided = {"GENOSOCIAL_DOMAIN": domain, "GENOSOCIAL_DATA_DIR": str(options.data)}
    environment = {**made_up, **given, **decided, "PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "2"}
    try:
        env.read_environment(environment)
    except env.EnvironmentFaults as error:
        raise CannotStart("these settings are wrong:\n  - " + "\n  - ".join(error.faults)) from None
    _require_same_domain(options.data, domain)
    known = {
        name: value for name, value in environment.items() if name in made_up | decided or _is_ours(name)
    }
    _write_private(
        options.data / env.LOCAL_FILE_NAME, "".join(f"{n}={v}\n" for n, v in sorted(known.items()))
    )
    return environment


def _is_ours(name: str) -> bool:
    return name.startswith("GENOSOCIAL_") or name.removesuffix("_FILE") in env.SECRETS


def _require_same_domain(folder: Path, domain: str) -> None:
    """All addresses of accounts and posts hold the domain: a data folder keeps the one it began with."""
    path = folder / "domain"
    if not path.exists():
        path.write_text(f"{domain}\n")
    kept = path.read_text().strip()
    if kept != domain:
        port = kept.partition(":")[2]
        advice = f"--domain {kept.partition(':')[0]}" + (f" --port {port}" if port else "")
        raise CannotStart(
            f"the data in {folder} belong to {kept}, not to {domain}: start with {advice}, "
            "or choose another folder with --data."
        )


def _embedded_servers(folder: Path) -> tuple[list[Program], dict[str, str]]:
    """The servers that nobody has named, and their addresses."""
    servers, addresses = [], {}
    if not os.environ.get("DATABASE_URL") and not os.environ.get("DATABASE_URL_FILE"):
        servers.append(local_stack.postgres_program(folder / "postgres"))
        addresses["DATABASE_URL"] = local_stack.database_url(folder / "postgres")
    if not os.environ.get("REDIS_URL") and not os.environ.get("REDIS_URL_FILE"):
        port, password = local_stack.free_port(), local_stack.new_password()
        servers.append(local_stack.valkey_program(folder / "valkey", port=port, password=password))
        addresses["REDIS_URL"] = local_stack.valkey_url(port, password)
    return servers, addresses


# --- processes


def _programs(options: argparse.Namespace, environment: Mapping[str, str]) -> list[Program]:
    web = ["granian", "--interface", "wsgi", "--host", LOCALHOST, "--port", str(options.port)]
    web += ["--blocking-threads", "4", "--workers-kill-timeout", "5", "--log-level", "warning"]
    streaming = ["uvicorn", "--host", LOCALHOST, "--port", str(options.streaming_port)]
    streaming += ["--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "2"]
    worker = [
        "celery",
        "-A",
        "genosocial",
        "worker",
        "--loglevel",
        "WARNING",
        "--without-gossip",
        "--without-mingle",
    ]
    beat = ["celery", "-A", "genosocial", "beat", "--loglevel", "WARNING", "--pidfile", ""]

    def program(name: str, arguments: list[str], port: int | None = None, path: str = "") -> Program:
        return Program(
            name=name,
            command=(PYTHON, "-m", *arguments),
            environment=environment,
            folder=env.SOURCE_FOLDER,
            is_ready=(lambda pid: _answers(port, path)) if port else lambda pid: True,
        )

    return [
        program("web", [*web, "genosocial.wsgi:application"], options.port, "/health"),
        program(
            "streaming", [*streaming, "genosocial.streaming:app"], options.streaming_port, STREAMING_HEALTH
        ),
        # Threads for what waits for others, processes for what needs the processor.
        program("worker", [*worker, "-n", "threads@%h", "-P", "threads", "-c", "8", "-Q", THREAD_QUEUES]),
        program(
            "ingest",
            [*worker, "-n", "processes@%h", "-P", "prefork", "-c", "2", "--max-tasks-per-child", "500"]
            + ["-Q", PROCESS_QUEUES],
        ),
        program("beat", [*beat, "--schedule", str(options.data / "beat-schedule")]),
    ]


STREAMING_HEALTH = "/api/v1/streaming/health"


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(LOCALHOST, port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def _require_free_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOCALHOST, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or "no such port"
            raise CannotStart(
                f"port {port} cannot be used ({reason}): stop the program that uses it, "
                "or choose others with --port and --streaming-port."
            ) from error


# --- what a person reads

_output_lock = threading.Lock()


def _say(line: str) -> None:
    with _output_lock:
        print(line, flush=True)


def _write_line(name: str, line: str) -> None:
    if name != "prepare":
        _say(f"{name:<9} | {line}")


def _greet(options: argparse.Namespace, first_steps: Mapping[str, Any], seconds: float) -> None:
    lines = [f"genosocial runs at {first_steps['address']} (up in {seconds:.1f} s; Ctrl-C stops it)"]
    if "password" in first_steps:
        lines += [
            f"  first administrator: {first_steps['email']}",
            f"  password:            {first_steps['password']}  (shown only now)",
            f"  first invitation:    {first_steps['invitation']}",
        ]
    lines.append("  another invitation:  .venv/bin/python manage.py invite issue")
    _say("\n" + "\n".join(lines) + "\n")


def _explain(error: ProgramFailed, folder: Path) -> str:
    """One line that says what to do, under the last lines of the program that failed."""
    last = "\n".join(f"{error.name:<9} | {line}" for line in error.lines[-12:] if error.name == "prepare")
    advice = {
        "postgres": f"{folder / 'postgres'} is damaged: restore a copy of it, or move it away to begin anew.",
        "valkey": f"{folder / 'valkey'} is damaged: move it away; all in it is rebuilt from the database.",
    }.get(error.name, "its last lines above say why.")
    return f"{error}; {advice}" if not last else f"{error}; {advice}\n{last}"


if __name__ == "__main__":
    main()
