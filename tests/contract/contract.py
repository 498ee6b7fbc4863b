"""The contract of the client API as data: which endpoints there are, who may call them, what they return.

`data/endpoints.yaml` lists the endpoints, `data/schemas/` the entities. Answers are checked strictly:
a key that the contract does not know is a fault too; apps ignore it, so nobody would ever miss it.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry, Resource

DATA = Path(__file__).parent / "data"
Schema = dict[str, Any]


@dataclass(frozen=True)
class Endpoint:
    """One method of one path template such as ``/api/v1/statuses/:id``."""

    method: str
    template: str
    group: str
    params: tuple[str, ...]
    auth: str
    scopes: tuple[str, ...]
    success: tuple[int, ...]
    returns: dict[str, Any]
    pagination: dict[str, Any]
    transport: str
    aliases: tuple[str, ...]

    @property
    def name(self) -> str:
        """How tests and lists call it."""
        return f"{self.method} {self.template}"

    @property
    def shape(self) -> str:
        """Method and path, whatever the names of its parameters."""
        return f"{self.method} {_shape(self.template)}"

    @property
    def shapes(self) -> set[str]:
        """The shape, and those of the old addresses that answer as well."""
        return {self.shape, *(f"{self.method} {_shape(template)}" for template in self.aliases)}


def _shape(template: str) -> str:
    return "/".join(":" if part.startswith(":") else part for part in template.split("/"))


@cache
def endpoints() -> dict[str, Endpoint]:
    """Return all endpoints by name; one that answers two methods is listed twice."""
    rows = yaml.load((DATA / "endpoints.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)["endpoints"]
    found = (_endpoint(row, row[key]) for row in rows for key in ("method", "also_method") if key in row)
    return {endpoint.name: endpoint for endpoint in found}


def _endpoint(row: dict[str, Any], method: str) -> Endpoint:
    return Endpoint(
        method=method,
        template=row["path"],
        group=row["group"],
        params=tuple(param["name"] for param in row["params"] if param["in"] != "path"),
        auth=row["auth"],
        scopes=tuple(row["scopes"]),
        success=tuple(row["success"]),
        returns=row["returns"],
        pagination=row["pagination"],
        transport=row.get("transport", "http"),
        # Each says method, path and why it is old.
        aliases=tuple(alias.split()[1] for alias in row.get("aliases", []) if "/v1_alpha/" in alias),
    )


def faults(endpoint: Endpoint, body: Any, *, signed_in: bool) -> list[str]:
    """Return what is wrong with a successful answer, in words; nothing if it keeps the contract.

    A status told to somebody who is signed in also says what that person did with it.
    """
    kind = endpoint.returns["kind"]
    entities = [_variant(name, signed_in) for name in _entities(endpoint.returns)]
    if kind == "array":
        if not isinstance(body, list):
            return ["is no list"]
        if not entities:
            return [f"{item!r} is no string" for item in body if not isinstance(item, str)]
        return [fault for item in body for fault in entity_faults(entities[0], item)]
    if kind == "boolean":
        return [] if isinstance(body, bool) else ["is no boolean"]
    return min((entity_faults(name, body) for name in entities), key=len, default=[])


def _entities(returns: dict[str, Any]) -> list[str]:
    return returns.get("one_of") or ([returns["entity"]] if "entity" in returns else [])


def _variant(entity: str, signed_in: bool) -> str:
    return "AuthenticatedStatus" if entity == "Status" and signed_in else entity


def entity_faults(name: str, value: Any) -> list[str]:
    """Return what is wrong with one entity."""
    return [_describe(error) for error in _validator(name).iter_errors(value)]


def _describe(error: ValidationError) -> str:
    closest = best_match([error]) or error
    return f"{closest.json_path}: {closest.message[:300]}"


@cache
def _validator(name: str) -> Draft202012Validator:
    schemas = _strict_schemas()
    registry: Registry[Schema] = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in schemas.values()
    )
    return Draft202012Validator(schemas[name], registry=registry, format_checker=FormatChecker())


@cache
def _strict_schemas() -> dict[str, Schema]:
    read = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in DATA.glob("schemas/*.json")}
    whole = {name: _with_inherited(schema, read) for name, schema in read.items()}
    for schema in whole.values():
        for part in _objects(schema):
            part.setdefault("additionalProperties", False)
    return whole


def _with_inherited(schema: Schema, read: dict[str, Schema]) -> Schema:
    """Return a schema that holds what it takes over from another: strictness needs one list of keys."""
    own = deepcopy(schema)
    conditions = own.pop("allOf", [])
    for condition in conditions:
        if "$ref" not in condition:
            own.setdefault("allOf", []).append(condition)
            continue
        parent = _with_inherited(read[condition["$ref"].removesuffix(".json")], read)
        own["properties"] = {**parent["properties"], **own.get("properties", {})}
        own["required"] = [*parent.get("required", []), *own.get("required", [])]
    return own


def _objects(schema: Any) -> Iterator[Schema]:
    """Yield every part of a schema that lists the keys of an object; conditions only look at some of them."""
    if isinstance(schema, list):
        for item in schema:
            yield from _objects(item)
    elif isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield schema
        for key, value in schema.items():
            if key not in ("if", "then", "else", "allOf", "enum", "const", "required"):
                yield from _objects(value)


def parts(endpoint: Endpoint, body: Any) -> Iterator[tuple[str, Any]]:
    """Yield each entity in a successful answer, with its name: the answer, and what it holds."""
    for name in _entities(endpoint.returns):
        for item in body if isinstance(body, list) else [body]:
            if len(_entities(endpoint.returns)) == 1 or not entity_faults(name, item):
                yield from entity_parts(name, item)


def entity_parts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield an entity and each one within it."""
    if isinstance(value, dict):
        yield name, value
        yield from _schema_parts(_strict_schemas()[name], value)


def _schema_parts(schema: Schema, value: Any) -> Iterator[tuple[str, Any]]:
    if "$ref" in schema:
        yield from entity_parts(schema["$ref"].removesuffix(".json"), value)
    for choice in schema.get("anyOf", []):
        yield from _schema_parts(choice, value)
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for item in value:
            yield from _schema_parts(schema["items"], item)
    if isinstance(value, dict):
        for key, part in schema.get("properties", {}).items():
            if key in value:
                yield from _schema_parts(part, value[key])
