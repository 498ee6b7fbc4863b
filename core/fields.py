"""Model fields that every app shares."""

from django.db import models

from core.ids import new_id


class SnowflakeField(models.BigIntegerField):
    """A primary key whose order is the order of time (see core/ids.py)."""

    def __init__(self, **kwargs: object) -> None:
        kwargs.setdefault("default", new_id)
        kwargs.setdefault("primary_key", True)
        kwargs.setdefault("editable", False)
        super().__init__(**kwargs)  # type: ignore[arg-type]
