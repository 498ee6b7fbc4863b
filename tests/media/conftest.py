"""What tests of uploads share; the server is set up after this is read, so fixtures import it late."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from accounts.models import Account
    from tests.cast import ApiClient


@pytest.fixture
def anna(db: None) -> "Account":
    from tests.cast import make_account

    return make_account("anna")


@pytest.fixture
def app(anna: "Account") -> "ApiClient":
    from tests.cast import api_client

    return api_client(anna)


@pytest.fixture
def post(app: "ApiClient") -> Callable[..., Any]:
    """Give a function that uploads a file as apps do."""
    from tests.media.pictures import upload

    def post(data: bytes, lang: str = "en", **fields: Any) -> Any:
        address = f"/api/v2/media?lang={lang}"
        return app.post(address, {"file": upload(data), **fields}, encoding="multipart")

    return post


@pytest.fixture
def files_left(run_jobs: Callable[[], None]) -> Callable[[], set[str]]:
    """Give a function that tells which files there are, once what waits for the commit has happened."""
    from django.conf import settings

    def files_left() -> set[str]:
        run_jobs()
        folders = (settings.MEDIA_ROOT, settings.FILE_UPLOAD_TEMP_DIR)
        return {str(path) for folder in folders for path in folder.rglob("*") if path.is_file()}

    return files_left
