"""The CSV files in which people carry follows, blocks and the like from server to server. Pure.

Called by timelines/imports.py and timelines/exports.py. The files are those of Mastodon, which its forks
write as well; some write no line with the names of the columns, or leave columns out.
Source: Mastodon docs, "Moving or leaving accounts"; the headers are those of its exports.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core.errors import Unprocessable
from timelines.models import Import

Kind = Import.Kind
Cells = tuple[str, ...]

MAX_ROWS = 20_000


@dataclass(frozen=True)
class Format:
    """Columns of a kind of file, how it is called, and whether its first line names the columns."""

    columns: Cells
    file_name: str
    has_header: bool = False


FORMATS = {
    Kind.FOLLOWS: Format(
        ("Account address", "Show boosts", "Notify on new posts", "Languages"),
        "following_accounts.csv",
        has_header=True,
    ),
    Kind.LISTS: Format(("List name", "Account address"), "lists.csv"),
    Kind.BLOCKS: Format(("Account address",), "blocked_accounts.csv"),
    Kind.MUTES: Format(("Account address", "Hide notifications"), "muted_accounts.csv", has_header=True),
    Kind.DOMAIN_BLOCKS: Format(("#domain",), "blocked_domains.csv"),
    Kind.BOOKMARKS: Format(("#uri",), "bookmarks.csv"),
}
_FIRST_COLUMNS = {wanted.columns[0].casefold() for wanted in FORMATS.values()}
_COLUMNS = {column.casefold() for wanted in FORMATS.values() for column in wanted.columns}


def read_file(kind: Kind, content: bytes) -> list[Cells]:
    """Return the lines of a file, each once, with the columns of its kind; "" for what is not there.

    Raises Unprocessable for what is no CSV in UTF-8, holds something else, nothing, or over 20,000 lines.
    """
    lines = _lines(content)
    places: Sequence[int] = range(len(FORMATS[kind].columns))
    if lines and _names_columns(lines[0]):
        places, lines = _places(kind, lines[0]), lines[1:]
    read = (tuple(line[at] if 0 <= at < len(line) else "" for at in places) for line in lines)
    rows = list(dict.fromkeys(row for row in read if row[0]))
    if not rows:
        raise Unprocessable(_("There is nothing in this file"))
    if len(rows) > MAX_ROWS:
        raise Unprocessable(_("The file may have at most %(limit)d lines") % {"limit": MAX_ROWS})
    return rows


def _lines(content: bytes) -> list[list[str]]:
    """Return the cells of every line that has some."""
    try:
        text = content.decode("utf-8-sig")
        if "\x00" in text:
            raise csv.Error("a NUL")
        lines = [[cell.strip() for cell in line] for line in csv.reader(io.StringIO(text), strict=True)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Unprocessable(_("This is no CSV file in UTF-8"), cause=str(error)) from error
    return [line for line in lines if any(line)]


def _names_columns(line: Sequence[str]) -> bool:
    names = {name.casefold() for name in line}
    return line[0].casefold() in _FIRST_COLUMNS or names <= _COLUMNS


def _places(kind: Kind, header: Sequence[str]) -> Sequence[int]:
    """Return where each column of the kind is, -1 for one that is not there."""
    names, wanted = [name.casefold() for name in header], [name.casefold() for name in FORMATS[kind].columns]
    if wanted[0] not in names or _COLUMNS & {*names} - {*wanted}:
        raise Unprocessable(_("This file holds something else: its columns are those of another kind"))
    return [names.index(name) if name in names else -1 for name in wanted]


def write_file(kind: Kind, rows: Iterable[Sequence[str]], *, has_header: bool | None = None) -> str:
    """Return a file of this kind, with the names of the columns where Mastodon writes them, or as wished."""
    wanted = FORMATS[kind]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    if wanted.has_header if has_header is None else has_header:
        writer.writerow(wanted.columns)
    writer.writerows(rows)
    return file.getvalue()
