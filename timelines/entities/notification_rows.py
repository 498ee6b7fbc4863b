"""What a page of notifications needs of their rows; for notifications.py and entities/notification.py."""

from datetime import datetime
from typing import Any, NamedTuple

import orjson


class ShownNotification(NamedTuple):
    """The columns of a notification that are shown: a model instance costs ten times as much."""

    pk: int
    type: str
    from_account_id: int
    status_id: int | None
    collection_id: int | None
    group_key: str
    filtered: bool
    created_at: datetime
    subject: dict[str, Any] | None

    @classmethod
    def read(cls, columns: tuple[Any, ...]) -> "ShownNotification":
        """Return one of a row; the driver leaves JSON as text."""
        subject = columns[-1]
        return cls._make((*columns[:-1], None if subject is None else orjson.loads(subject)))
