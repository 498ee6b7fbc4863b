"""The data folder of a server that `bin/up` runs: who holds it, its secret key, the domain it belongs to.

Only `genosocial/up.py` calls this.
"""

import fcntl
import os
import secrets
from pathlib import Path
from typing import IO

from genosocial.env import SECRET_KEY_MIN_LENGTH


class CannotStart(Exception):
    """The start is refused; the text is one line that says what to do."""


def hold_folder(folder: Path) -> IO[str]:
    """Make the folder if need be and hold it for this process; closing the file lets it go."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("a+")
    except OSError as error:
        raise CannotStart(
            f"the data folder {folder} cannot be used ({error.strerror}): choose another with --data."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with lock:
            lock.seek(0)
            holder = lock.read().strip()
        raise CannotStart(
            f"the data folder {folder} is in use by another bin/up (process {holder}): stop that one, "
            "or choose another folder with --data."
        ) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def secret_key(folder: Path) -> str:
    """Return the SECRET_KEY of this folder, made at its first start."""
    path = folder / "secret_key"
    if not path.exists():
        write_private(path, secrets.token_hex(32))
    key = path.read_text().strip()
    if len(key) < SECRET_KEY_MIN_LENGTH:
        raise CannotStart(
            f"{path} is damaged: restore it, or delete it to get a new one (all sign in again)."
        )
    return key


def require_same_domain(folder: Path, domain: str) -> None:
    """Refuse another domain than `keep_domain` has noted: it is part of every address that the data hold."""
    path = folder / "domain"
    kept = path.read_text().strip() if path.exists() else domain
    if kept != domain:
        name, _, port = kept.partition(":")
        advice = f"--domain {name}" + (f" --port {port}" if port else "")
        raise CannotStart(
            f"the data in {folder} belong to {kept}, not to {domain}: start with {advice}, "
            "or choose another folder with --data."
        )


def keep_domain(folder: Path, domain: str) -> None:
    """Note the domain that the data of this folder belong to from now on."""
    (folder / "domain").write_text(f"{domain}\n")


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = path.with_name(f"{path.name}.new")
    draft.touch(mode=0o600)
    draft.write_text(content)
    draft.replace(path)
