"""ActivityStreams as plain values: reading what other servers send without ever raising, and our own
constants.

Pure: no rows, no network. Wrong JSON types count as absent. Called by federation and by every `documents.py`
and `inbox.py` above.
"""

from federation.vocab.activity import Activity, read_activity
from federation.vocab.collection import CollectionValues, read_collection
from federation.vocab.constants import (
    ACCEPT,
    ACTIVITY_JSON,
    ACTOR_TYPES,
    AS2,
    CONTEXT,
    LD_JSON,
    POST_TYPES,
    PUBLIC,
    SECURITY,
)
from federation.vocab.parse import MalformedDocument, parse_document
from federation.vocab.values import (
    Audience,
    LangString,
    addressed,
    first_of,
    id_of,
    ids_of,
    integer_of,
    is_public,
    lang_string,
    language_of,
    link_href,
    list_of,
    object_of,
    string_of,
    time_of,
    type_of,
    types_of,
)

__all__ = [
    "ACCEPT",
    "ACTIVITY_JSON",
    "ACTOR_TYPES",
    "AS2",
    "CONTEXT",
    "LD_JSON",
    "POST_TYPES",
    "PUBLIC",
    "SECURITY",
    "Activity",
    "Audience",
    "CollectionValues",
    "LangString",
    "MalformedDocument",
    "addressed",
    "first_of",
    "id_of",
    "ids_of",
    "integer_of",
    "is_public",
    "lang_string",
    "language_of",
    "link_href",
    "list_of",
    "object_of",
    "parse_document",
    "read_activity",
    "read_collection",
    "string_of",
    "time_of",
    "type_of",
    "types_of",
]
