"""Texts as search compares them: in lower case and without accents, so that "muller" finds "Müller"."""

from django.db.models import Func, TextField


class Folded(Func):
    """The folded text of a column or value; an index over it serves `Contains` and `StartsWith`.

    Calls the function of core/migrations/0002_text_search.py.
    """

    function = "genosocial_folded"
    arity = 1
    output_field = TextField()
