"""The API describes itself, whole, and only reads."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute
from jsonschema import Draft202012Validator

from tocsin.app.console.server import ROUTERS

METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}


@pytest.fixture
def described(asking) -> dict[str, Any]:
    return dict(asking().get("/api/openapi.json").json())


def refs(value: object) -> Iterator[str]:
    """Yield every reference in a document."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from refs(item)
    elif isinstance(value, list):
        for item in value:
            yield from refs(item)


def test_every_route_is_named_and_no_other(described):
    """What a front end may ask is in one place."""
    routes = {
        route.path_format for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)
    }
    assert described["paths"].keys() == routes
    assert all(path.startswith("/api/") for path in routes)


def test_it_is_a_valid_description(described):
    """Of version 3.1: its schemas are JSON Schema, and each reference leads somewhere."""
    assert re.fullmatch(r"3\.1\.\d+", described["openapi"])
    for schema in described["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for ref in refs(described):
        found: Any = described
        for part in ref.removeprefix("#/").split("/"):
            assert part in found, ref
            found = found[part]


def test_every_operation_says_what_it_answers(described):
    """In a sentence, with the parameters in its path, under an id of its own."""
    ids = []
    for path, item in described["paths"].items():
        for method, operation in item.items():
            assert method in METHODS
            assert operation["description"].endswith("."), path
            assert "200" in operation["responses"]
            named = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path))
            ids.append(operation["operationId"])
    assert len(ids) == len(set(ids))


def test_it_is_read_only(described):
    """The one that takes a body keeps nothing of it."""
    writing = {(m, path) for path, item in described["paths"].items() for m in item if m != "get"}
    assert writing <= {("post", "/api/rules/test")}
