"""Conditions that PostgreSQL knows and Django has no name for."""

from django.db.models import BooleanField, Func


class IsOneOf(Func):
    """Whether a value is in an array, as PostgreSQL can look it up by the index of the value."""

    arity = 2
    arg_joiner = " = ANY("
    template = "%(expressions)s)"
    output_field = BooleanField()
