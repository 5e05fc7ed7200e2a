"""Loads rules from anywhere, from the cache if it has them: the door through which rule sets come to be."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec

from tocsin.errors import RuleError
from tocsin.rules.files import Source, digest_of, pipeline_sources, rule_files, sources
from tocsin.rules.packed import packed, unpacked
from tocsin.rules.rule import RuleReport, RuleSet, Status
from tocsin.rules.store import Store, name_of

Paths = Sequence[str | Path] | Path


def load_rules(
    paths: Paths,
    *,
    strict: bool = False,
    placeholders: Mapping[str, Sequence[str]] | None = None,
    pipelines: Sequence[str | Path] = (),
    store: Store | None = None,
) -> RuleSet:
    """Load Sigma rules; those that cannot be evaluated are named in the report.

    Args:
        paths: files, folders (with all `*.yml` and `*.yaml` in them), zip archives, or `builtin:NAME`;
            or just one of these.
        strict: refuse the whole set unless every document in it is a rule that can be evaluated.
        placeholders: the values that `|expand` puts in the place of `%name%`.
        pipelines: pySigma's processing pipelines: files, folders, or names of those that are installed.
        store: where compiled sets are kept for the next start; None to compile each time.

    Raises:
        SettingsError: a path or a pipeline does not exist, or is not what it should be.
        RuleError: there is no rule that can be evaluated; or, when strict, all the mistakes together.
    """
    loaded = read_rules(paths, placeholders=placeholders, pipelines=pipelines, store=store)
    refuse_faulty(loaded, paths, strict=strict)
    return loaded


def read_rules(
    paths: Paths,
    *,
    placeholders: Mapping[str, Sequence[str]] | None = None,
    pipelines: Sequence[str | Path] = (),
    store: Store | None = None,
) -> RuleSet:
    """Load Sigma rules as `load_rules` does, but return the set even when it has no rule or has mistakes.

    Raises:
        SettingsError: a path or a pipeline does not exist, or is not what it should be.
    """
    found, steps = sources(_each(paths)), pipeline_sources(pipelines)
    values = {name: list(each) for name, each in (placeholders or {}).items()}
    if store is None or (steps and _MAY_READ_ELSEWHERE in os.environ):
        return _compiled(found, steps, values)
    texts = msgspec.json.encode(values, order="deterministic")
    parts: tuple[str | bytes, ...] = (
        digest_of(found),
        digest_of(steps),
        texts,
        _own_code(),
        *_plugins(steps),
    )
    name = name_of("rules", *parts, libraries=("pysigma", "pyyaml", "msgspec"))
    return _kept(store, name) or _compiled_in_turn(store, name, (found, steps, values))


def rules_in(
    text: str,
    *,
    placeholders: Mapping[str, Sequence[str]] | None = None,
    pipelines: Sequence[str | Path] = (),
) -> RuleSet:
    """Return the rules in a text, with a report on all that was found; nothing is cached.

    Who takes texts from strangers does it in a process that can be ended: a condition may take for ever to
    read.

    Raises:
        SettingsError: a pipeline is not what it should be.
    """
    values = {name: list(each) for name, each in (placeholders or {}).items()}
    return _compiled([Source("(text)", text.encode("utf-8", "replace"))], pipeline_sources(pipelines), values)


def refuse_faulty(loaded: RuleSet, paths: Paths, *, strict: bool) -> None:
    """Refuse a set that must not judge.

    Raises:
        RuleError: there is no rule that can be evaluated; or, when strict, all the mistakes together.
    """
    faulty = [entry for entry in loaded.report if entry.status is not Status.OK]
    if strict and faulty:
        raise RuleError(f"{len(faulty)} of {len(loaded.report)} rules must be mended:\n{_listed(faulty)}")
    if not loaded.rules:
        listed = ", ".join(str(path) for path in _each(paths)) or "no path at all"
        problem = f"no rule could be loaded from {listed}"
        raise RuleError(f"{problem}:\n{_listed(faulty)}" if faulty else problem, "see: tocsin rules check")


_MAY_READ_ELSEWHERE = "PYSIGMA_ALLOW_EXTERNAL_SOURCES"
"""With this variable of pySigma's, pipelines may take values from anywhere: then nothing can be cached."""

_Inputs = tuple[list[Source], list[Source], dict[str, list[str]]]


def _each(paths: Paths) -> Sequence[str | Path]:
    return [paths] if isinstance(paths, str | Path) else paths


def _kept(store: Store, name: str) -> RuleSet | None:
    blob = store.get(name)
    return None if blob is None else unpacked(blob)


def _compiled_in_turn(store: Store, name: str, inputs: _Inputs) -> RuleSet:
    with store.turn(name):
        found = _kept(store, name)  # another process may have compiled it while this one waited
        if found is None:
            found = _compiled(*inputs)
            store.put(name, packed(found))
        return found


def _compiled(found: list[Source], steps: list[Source], values: dict[str, list[str]]) -> RuleSet:
    # pySigma takes 0.15 s to import: only those pay who compile
    from tocsin.rules.compile import compiled_set  # noqa: PLC0415
    from tocsin.rules.pipelines import pipeline_of  # noqa: PLC0415

    return compiled_set(rule_files(found), values, pipeline_of(steps))


@cache
def _own_code() -> bytes:
    """Return a hash of the modules that make rule sets: what they made before a change is not theirs."""
    packages = ("tocsin.rules", "tocsin.attack", "tocsin.model")
    entries = [entry for package in packages for entry in resources.files(package).iterdir()]
    return digest_of(_code(entries))


def _code(entries: Sequence[Traversable]) -> Iterator[Source]:
    for entry in sorted(entries, key=lambda e: e.name):
        if entry.name.endswith((".py", ".json")):
            yield Source(entry.name, entry.read_bytes())


def _plugins(steps: Sequence[Source]) -> list[str]:
    """Return the versions of all that pipelines which go by a name may come from."""
    if all(step.raw is not None for step in steps):
        return []
    found = ((each.metadata["Name"], each.version) for each in metadata.distributions())
    return sorted(f"{name} {version}" for name, version in found if name.lower().startswith("pysigma"))


def _listed(entries: Sequence[RuleReport]) -> str:
    return "\n".join(f"  {entry.source}: {entry.status}: {entry.reason}" for entry in entries)
