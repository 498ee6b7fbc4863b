"""How search cuts texts into words: by German and English stems and as they are, all without accents."""

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


class Migration(migrations.Migration):
    dependencies = [("core", "0001_extensions")]
    # The tables of what is searched come after.
    run_before = [("accounts", "0001_initial")]
    operations = [_create(base, stems) for base, stems in _BASES.items()]
