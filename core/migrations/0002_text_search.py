"""How search compares texts: cut into words, by German and English stems and as they are, and as a whole.

All without accents.
"""

from django.db import migrations

_WORDS = "asciiword, asciihword, hword_asciipart, word, hword, hword_part"
_BASES = {"german": "german_stem", "english": "english_stem", "simple": "simple"}


def _create(base: str, stems: str) -> migrations.RunSQL:
    name = f"genosocial_{base}"
    return migrations.RunSQL(
        [
            f"CREATE TEXT SEARCH CONFIGURATION {name} (COPY = pg_catalog.{base})",
            f"ALTER TEXT SEARCH CONFIGURATION {name} ALTER MAPPING FOR {_WORDS} WITH unaccent, {stems}",
        ],
        [f"DROP TEXT SEARCH CONFIGURATION {name}"],
    )


# unaccent() is not immutable, because its rules could be changed, and so cannot be indexed; ours never are.
# The schema is named because a restored dump fills indexes while no other is searched.
_FOLDED = migrations.RunSQL(
    "CREATE FUNCTION genosocial_folded(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE"
    " AS $$ SELECT lower(public.unaccent('public.unaccent', $1)) $$",
    "DROP FUNCTION genosocial_folded(text)",
)


class Migration(migrations.Migration):
    dependencies = [("core", "0001_extensions")]
    # The tables of what is searched come after.
    run_before = [("accounts", "0001_initial")]
    operations = [*(_create(base, stems) for base, stems in _BASES.items()), _FOLDED]
