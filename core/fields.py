"""Model fields and lookups that every app shares."""

from typing import Any

from django.db import models
from django.db.models.lookups import Lookup

from core.ids import new_id


class SnowflakeField(models.BigIntegerField):
    """A primary key whose order is the order of time (see core/ids.py)."""

    def __init__(self, **kwargs: object) -> None:
        kwargs.setdefault("default", new_id)
        kwargs.setdefault("primary_key", True)
        kwargs.setdefault("editable", False)
        super().__init__(**kwargs)  # type: ignore[arg-type]


@models.Field.register_lookup
class AnyOf(Lookup):
    """`field__any=[…]`: as `__in`, but one parameter however many values there are; or a column of arrays.

    A placeholder for each of hundreds of values costs more to write and to read than the query.
    """

    lookup_name = "any"

    def get_prep_lookup(self) -> Any:
        """Return the values as the field wants them, or the column."""
        if hasattr(self.rhs, "resolve_expression"):
            return self.rhs
        return [self.lhs.output_field.get_prep_value(value) for value in self.rhs]

    def get_db_prep_lookup(self, value: Any, connection: Any) -> tuple[str, list[Any]]:
        """Return one placeholder with the list for it."""
        return f"%s::{self.lhs.output_field.db_type(connection)}[]", [value]

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """Return the condition."""
        left, parameters = self.process_lhs(compiler, connection)
        right, values = self.process_rhs(compiler, connection)
        return f"{left} = ANY({right})", [*parameters, *values]
