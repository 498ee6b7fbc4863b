"""`bin/up`: one whole server on this machine, with its own PostgreSQL and Valkey unless others are named.

`bin/up` runs this module once the packages are there. Development is on unless GENOSOCIAL_DEVELOPMENT=0; what
the environment says wins over what is made up here. All that the server keeps lies in the data folder.
"""

import argparse
import http.client
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genosocial import env, local_stack
from genosocial.data_folder import (
    CannotStart,
    hold_folder,
    keep_domain,
    require_same_domain,
    secret_key,
    write_private,
)
from genosocial.local_stack import LOCALHOST, LocalStackError
from genosocial.supervisor import Program, ProgramFailed, StopRequested, Supervisor, end_leftovers

DEFAULT_PORT = 8000
# Not the next port: that is where a second server is usually started.
STREAMING_PORT_DISTANCE = 1000
SERVERS_TIMEOUT_SECONDS = 120
PROGRAMS_TIMEOUT_SECONDS = 120
THREAD_QUEUES = "deliver,fanout,mail,push,default"
PROCESS_QUEUES = "ingress"
MEDIA_QUEUES = "media"
PYTHON = sys.executable


def main() -> None:
    """Run the server until Ctrl-C or SIGTERM; exit code 0 after a clean stop, 1 with one line otherwise."""
    started_at = time.monotonic()
    options = _parse_options(sys.argv[1:])
    supervisor = Supervisor(_write_line, options.data / "processes.json")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: supervisor.stopping.set())
    try:
        with hold_folder(options.data):
            try:
                address = _start(options, supervisor)
                _greet(address, time.monotonic() - started_at)
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


def _start(options: argparse.Namespace, supervisor: Supervisor) -> str:
    """Start everything, wait until it answers and return the address."""
    ended = end_leftovers(options.data / "processes.json")
    if ended:
        _say(f"Ended what an earlier start had left running: {', '.join(ended)}.")
    for port in (options.port, options.streaming_port):
        _require_free_port(port)
    addresses = _own_addresses(options.data)
    environment = _build_environment(options, addresses)
    supervisor.launch(*_servers(options.data, addresses))
    supervisor.wait_until_ready(SERVERS_TIMEOUT_SECONDS)
    if "DATABASE_URL" in addresses:
        local_stack.ensure_database(options.data / "postgres")
    _say("Preparing the database, translations and static files …")
    prepare = _python_program("prepare", ["genosocial.prepare"], environment=environment, quiet=True)
    first_steps: Mapping[str, str] = json.loads(supervisor.run_once(prepare)[-1])
    keep_domain(options.data, environment["GENOSOCIAL_DOMAIN"])
    try:
        supervisor.launch(*_doors(options, environment))
        supervisor.wait_until_ready(PROGRAMS_TIMEOUT_SECONDS)
        supervisor.launch(*_workers(options, environment))
    finally:  # also when a process does not start: the password is known only now
        _show_first_login(first_steps)
    return first_steps["address"]


# --- settings


def _build_environment(options: argparse.Namespace, addresses: Mapping[str, str]) -> dict[str, str]:
    """The environment of all processes, checked; also left in the data folder, where manage.py finds it."""
    given = {name: value for name, value in os.environ.items() if value}
    base_url = given.get("GENOSOCIAL_BASE_URL", "")
    domain = options.domain or given.get("GENOSOCIAL_DOMAIN") or base_url.partition("://")[2] or "localhost"
    if not base_url and ":" not in domain:
        domain = f"{domain}:{options.port}"
    made_up = {"GENOSOCIAL_DEVELOPMENT": "1", **addresses}
    if not base_url:  # nobody stands in front: web and streaming are met at their own ports
        made_up["GENOSOCIAL_BASE_URL"] = f"http://{domain}"
        made_up["GENOSOCIAL_STREAMING_URL"] = f"ws://{domain.partition(':')[0]}:{options.streaming_port}"
    if not given.keys() & {"SECRET_KEY", "SECRET_KEY_FILE"}:
        made_up["SECRET_KEY"] = secret_key(options.data)
    decided = {"GENOSOCIAL_DOMAIN": domain, "GENOSOCIAL_DATA_DIR": str(options.data)}
    environment = {**made_up, **given, **decided, "PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "2"}
    try:
        env.read_environment(environment)
    except env.EnvironmentFaults as error:
        raise CannotStart("these settings are wrong:\n  - " + "\n  - ".join(error.faults)) from None
    require_same_domain(options.data, domain)
    known = {
        name: value for name, value in environment.items() if name in made_up | decided or _is_ours(name)
    }
    write_private(options.data / env.LOCAL_FILE_NAME, "".join(f"{n}={v}\n" for n, v in sorted(known.items())))
    return environment


def _own_addresses(folder: Path) -> dict[str, str]:
    """Where the embedded servers will be, as far as nobody has named others."""
    addresses = {}
    if not os.environ.get("DATABASE_URL") and not os.environ.get("DATABASE_URL_FILE"):
        addresses["DATABASE_URL"] = local_stack.database_url(folder / "postgres")
    if not os.environ.get("REDIS_URL") and not os.environ.get("REDIS_URL_FILE"):
        addresses["REDIS_URL"] = local_stack.new_valkey_url()
    return addresses


def _is_ours(name: str) -> bool:
    return name.startswith("GENOSOCIAL_") or name.removesuffix("_FILE") in env.SECRETS


# --- processes


def _servers(folder: Path, addresses: Mapping[str, str]) -> list[Program]:
    """PostgreSQL and Valkey, as far as nobody has named others."""
    programs = []
    if "DATABASE_URL" in addresses:
        programs.append(local_stack.postgres_program(folder / "postgres"))
    if "REDIS_URL" in addresses:
        programs.append(local_stack.valkey_program(folder / "valkey", addresses["REDIS_URL"]))
    return programs


def _doors(options: argparse.Namespace, environment: Mapping[str, str]) -> list[Program]:
    """Web and streaming: what answers people and other servers."""
    granian = "granian --interface wsgi --blocking-threads 4 --workers-kill-timeout 5 --log-level warning"
    web, streaming = options.port, options.streaming_port
    return [
        _python_program(
            "web",
            f"{granian} --host {LOCALHOST} --port {web} genosocial.wsgi:application".split(),
            environment=environment,
            is_ready=lambda pid: _answers(web, "/health"),
        ),
        _python_program(
            "streaming",
            f"genosocial.streaming --host {LOCALHOST} --port {streaming}".split(),
            environment=environment,
            is_ready=lambda pid: _answers(streaming, "/api/v1/streaming/health"),
        ),
    ]


def _workers(options: argparse.Namespace, environment: Mapping[str, str]) -> list[Program]:
    """The job workers (threads for jobs that wait, processes for jobs that compute) and the clock.

    That of media only waits, too: for the process that it starts for each file.
    """
    celery = "celery -q -A genosocial"
    worker = f"{celery} worker --loglevel WARNING --without-gossip --without-mingle"
    schedule = options.data / "beat" / "schedule"
    schedule.parent.mkdir(exist_ok=True)
    # A development server may run as root; Celery would say so at length.
    environment = {**environment, "PYTHONWARNINGS": "ignore:You're running the worker"}
    commands = {
        "worker": [*worker.split(), *f"-n threads@%h -P threads -c 8 -Q {THREAD_QUEUES}".split()],
        "ingest": [*worker.split(), *f"-n processes@%h -P prefork -c 2 -Q {PROCESS_QUEUES}".split()],
        "media": [*worker.split(), *f"-n media@%h -P threads -c 3 -Q {MEDIA_QUEUES}".split()],
        "beat": [*f"{celery} beat --loglevel WARNING --pidfile=".split(), "--schedule", str(schedule)],
    }
    return [_python_program(name, command, environment=environment) for name, command in commands.items()]


def _python_program(name: str, command: list[str], **options: Any) -> Program:
    return Program(name=name, command=(PYTHON, "-m", *command), folder=env.SOURCE_FOLDER, **options)


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
    _say(f"{name:<9} | {line}")


def _show_first_login(first_steps: Mapping[str, str]) -> None:
    if "password" in first_steps:
        _say(
            f"\n  first administrator: {first_steps['email']}"
            f"\n  password:            {first_steps['password']}  (shown only now)"
            f"\n  first invitation:    {first_steps['invitation']}"
        )


def _greet(address: str, seconds: float) -> None:
    _say(
        f"\ngenosocial runs at {address} (up in {seconds:.1f} s; Ctrl-C stops it)"
        "\n  another invitation:  .venv/bin/python manage.py invite issue\n"
    )


def _explain(error: ProgramFailed, folder: Path) -> str:
    """Show the last lines of a quiet program, and give one line that says what to do."""
    if error.program.quiet:
        for line in error.lines:
            _write_line(error.program.name, line)
    store = folder / error.program.name
    way_out = {
        "postgres": f" If {store} is damaged, restore a copy of it, or move it away to begin anew.",
        "valkey": f" If {store} is damaged, move it away: all in it is rebuilt from the database.",
    }.get(error.program.name, "")
    return f"{error}; its last lines above say why.{way_out}"


if __name__ == "__main__":
    main()
