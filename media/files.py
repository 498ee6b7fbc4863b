"""Names and keeps files in the storage; the one place that knows how they are called."""

import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.files import File
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction


def new_name(folder: str, extension: str, suffix: str = "") -> str:
    """Return an unguessable name, spread over folders: who knows the address may see the file."""
    token = secrets.token_hex(16)
    return f"{folder}/{token[:2]}/{token[2:4]}/{token}{suffix}.{extension}"


class _Movable(File):
    """A file that a storage on this machine may take as it is, instead of copying it."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def store_file(name: str, path: Path) -> str:
    """Move a file of this machine into the storage and return the name under which it lies."""
    with path.open("rb") as file:
        return default_storage.save(name, _Movable(file, name=str(path)))


def store_upload(name: str, upload: UploadedFile) -> str:
    """Store an uploaded file as it came and return the name under which it lies."""
    return default_storage.save(name, upload)


@contextmanager
def local_copy(name: str, folder: Path) -> Iterator[Path]:
    """Give the path of a stored file on this machine: of itself, or of a copy that is made in the folder.

    Raises FileNotFoundError.
    """
    try:
        yield Path(default_storage.path(name))
    except NotImplementedError:  # it lies in an object store
        path = folder / "source"
        with default_storage.open(name) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)
        yield path


def file_url(name: str) -> str:
    """Return the absolute address of a stored file."""
    return default_storage.url(name)


def delete_files(names: Iterable[str]) -> None:
    """Delete stored files when the current transaction commits; empty names and missing files are fine."""
    wanted = [name for name in names if name]

    def delete() -> None:
        for name in wanted:
            default_storage.delete(name)

    if wanted:
        transaction.on_commit(delete)
