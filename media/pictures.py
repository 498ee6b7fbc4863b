"""Avatars and headers: pictures that belong to a profile and not to a post. Accounts call this."""

from media.files import new_name, save_file
from media.images import crop_image
from media.uploads import require_upload

AVATAR_SIZE = (400, 400)
HEADER_SIZE = (1500, 500)


def store_avatar(upload: object) -> str:
    """Store a square picture of at most 400 by 400 and return its name; raises Unprocessable."""
    return _store(upload, "avatars", AVATAR_SIZE)


def store_header(upload: object) -> str:
    """Store a banner of at most 1500 by 500 and return its name; raises Unprocessable."""
    return _store(upload, "headers", HEADER_SIZE)


def _store(upload: object, folder: str, size: tuple[int, int]) -> str:
    picture = crop_image(require_upload(upload), *size)
    return save_file(new_name(folder, picture.extension), picture.data)
