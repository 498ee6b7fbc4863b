"""Names and keeps files in the storage; the one place that knows how they are called."""

import secrets
from collections.abc import Iterable

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction


def new_name(folder: str, extension: str, suffix: str = "") -> str:
    """Return an unguessable name, spread over folders: who knows the address may see the file."""
    token = secrets.token_hex(16)
    return f"{folder}/{token[:2]}/{token[2:4]}/{token}{suffix}.{extension}"


def save_file(name: str, data: bytes) -> str:
    """Store the bytes and return the name under which they lie."""
    return default_storage.save(name, ContentFile(data))


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
