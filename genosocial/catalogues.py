"""Translations: from the sources to `django.po`, and from there to the `django.mo` that Django reads.

`.mo` files are not committed: `bin/up`, the tests and the container image compile them. Needs Babel, which
the running server does not have. By hand, after changing texts:
`.venv/bin/python -m genosocial.catalogues update`, then fill in what is empty in the German file.
"""

import os
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LOCALE_FOLDER = Path(__file__).resolve().parent / "locale"
GERMAN = LOCALE_FOLDER / "de" / "LC_MESSAGES" / "django.po"
PACKAGES = ("core", "media", "federation", "accounts", "timelines", "invites", "moderation", "genosocial")
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


def compile_catalogues() -> None:
    """Write the `.mo` beside every `.po` that is newer; safe when several processes do it at once."""
    for source in LOCALE_FOLDER.glob("*/LC_MESSAGES/*.po"):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        draft = target.with_name(f"{target.name}.{os.getpid()}")
        with draft.open("wb") as file:
            write_mo(file, _read(source))
        draft.replace(target)


def update_german() -> None:
    """Bring new texts of the sources into the German file (empty) and drop those that are gone."""
    catalogue = _read(GERMAN) if GERMAN.exists() else Catalog(locale="de", project="genosocial")
    catalogue.update(extract_messages(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    GERMAN.parent.mkdir(parents=True, exist_ok=True)
    with GERMAN.open("wb") as file:
        write_po(file, catalogue, width=110, sort_output=True, omit_header=False, include_lineno=False)


def german_faults() -> list[str]:
    """What is wrong with the German file: texts missing, empty, fuzzy, unused or with other placeholders."""
    wanted, catalogue = extract_messages(), _read(GERMAN)
    faults = [f"missing: {m.id!r}" for m in wanted if m.id and _find(catalogue, m) is None]
    for message in catalogue:
        if not message.id:
            continue
        translations = [message.string] if isinstance(message.string, str) else list(message.string or ())
        if _find(wanted, message) is None:
            faults.append(f"no longer used: {message.id!r}")
        if message.fuzzy:
            faults.append(f"fuzzy: {message.id!r}")
        if not translations or not all(translations):
            faults.append(f"empty: {message.id!r}")
        faults += [f"{error}: {message.id!r}" for error in message.check(catalogue)]
    return faults


def extract_messages() -> Catalog:
    """All texts marked for translation in Python and in templates."""
    catalogue = Catalog()
    for path in _sources():
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            # One call for each text between signs without meaning; indentation would have one in Python.
            text = "\n".join(line.lstrip() for line in templatize(text, origin=str(path)).splitlines())
        found = extract("python", BytesIO(text.encode()), keywords=KEYWORDS, options={"encoding": "utf-8"})
        for line, text_id, comments, context in found:
            place = (path.relative_to(ROOT).as_posix(), line)
            catalogue.add(text_id, locations=[place], auto_comments=comments, context=context)
    return catalogue


def _sources() -> Iterator[Path]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix == ".py" or (path.suffix in (".html", ".txt") and "templates" in path.parts):
                yield path


def _find(catalogue: Catalog, message: Message) -> Message | None:
    return catalogue.get(message.id, message.context)


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


if __name__ == "__main__":
    {"compile": compile_catalogues, "update": update_german}[sys.argv[1]]()
