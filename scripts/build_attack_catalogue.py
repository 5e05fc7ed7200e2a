"""Make the package's ATT&CK catalogue from MITRE's STIX bundle, or from a published extract of it.

    python scripts/build_attack_catalogue.py enterprise-attack-19.2.json src/tocsin/attack/enterprise-19.json

The input is a file on this machine, told apart by what it holds:

- the STIX 2.1 bundle of Enterprise ATT&CK as MITRE publishes it (its STIX 2.0 bundle does not say its
  version: say it with `--attack-version`), or
- an extract: `attack_version`, `source`, `source_modified`, `tactics` (shortname -> id, name) and
  `techniques` (id -> name and tactics, or name, status and revoked_by). It has no matrix, so the tactics
  take the order of `KILL_CHAIN`; say with `--source` where the extract comes from.

The same input gives the same bytes. Whatever does not fit together is listed, and nothing is written.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KILL_CHAIN = (
    "reconnaissance",
    "resource-development",
    "initial-access",
    "execution",
    "persistence",
    "privilege-escalation",
    "stealth",
    "defense-impairment",
    "credential-access",
    "discovery",
    "lateral-movement",
    "collection",
    "command-and-control",
    "exfiltration",
    "impact",
)
"""The columns of the Enterprise matrix of ATT&CK v19, left to right."""

TACTIC_ALIASES = {"defense-evasion": ("TA0005", "TA0112")}
"""Tactics of older versions that a bundle of today does not mention: v19 split Defense Evasion in two."""

NOTICE = (
    "\N{COPYRIGHT SIGN} {year} The MITRE Corporation. This work is reproduced and distributed with the "
    "permission of The MITRE Corporation."
)

Object = Mapping[str, Any]

_LISTED = ("attack-pattern", "x-mitre-tactic")


@dataclass(frozen=True, slots=True)
class Draft:
    """A catalogue about to be checked and written.

    Attributes:
        version: `19.2`.
        modified: when MITRE last changed the data, ISO 8601.
        source: what it was made from, in words.
        tactics: id, shortname and name of each, in kill-chain order.
        techniques: id -> name and tactic ids, in kill-chain order.
        successors: withdrawn id -> the id that took its place, or None.
        parents: sub-technique id -> the technique id that a relationship names; empty where none is given.
    """

    version: str
    modified: str
    source: str
    tactics: Sequence[tuple[str, str, str]]
    techniques: Mapping[str, tuple[str, tuple[str, ...]]]
    successors: Mapping[str, str | None]
    parents: Mapping[str, str]


def from_bundle(bundle: Object, source: str, version: str | None = None) -> Draft:
    """Read a STIX bundle: tactics in the matrix's order, techniques, and what became of withdrawn ids."""
    objects: list[Object] = bundle["objects"]
    by_ref = {o["id"]: o for o in objects}
    tactics = _tactics(objects, by_ref)
    patterns = [o for o in objects if o["type"] == "attack-pattern" and _attack_id(o)]
    current = {_attack_id(o): o for o in patterns if not _is_withdrawn(o)}
    return Draft(
        version=version or _the_current(objects, "x-mitre-collection")["x_mitre_version"],
        modified=max(o["modified"] for o in objects if o["type"] in ("x-mitre-collection", *_LISTED)),
        source=source,
        tactics=tactics,
        techniques={k: (o["name"], _in_order(_phases(o), tactics)) for k, o in current.items()},
        successors=_successors(objects, by_ref, current),
        parents=dict(sorted(_related(objects, by_ref, "subtechnique-of"))),
    )


def _tactics(objects: Sequence[Object], by_ref: Mapping[str, Object]) -> list[tuple[str, str, str]]:
    listed = [by_ref[ref] for ref in _the_current(objects, "x-mitre-matrix")["tactic_refs"]]
    return [(_attack_id(o), o["x_mitre_shortname"], o["name"]) for o in listed]


def _the_current(objects: Sequence[Object], kind: str) -> Object:
    found = [o for o in objects if o["type"] == kind and not _is_withdrawn(o)]
    if len(found) != 1:
        sys.exit(f"expected one {kind} in the bundle, found {len(found)}")
    return found[0]


def _successors(
    objects: Sequence[Object], by_ref: Mapping[str, Object], current: Mapping[str, Object]
) -> dict[str, str | None]:
    """Return what became of each withdrawn id; one that was given to a new object is not withdrawn."""
    replaced = dict(sorted(_related(objects, by_ref, "revoked-by")))
    gone = (_attack_id(o) for o in objects if o["type"] in _LISTED and _is_withdrawn(o))
    return {id_: replaced.get(id_) for id_ in gone if id_ and id_ not in current}


def _related(objects: Sequence[Object], by_ref: Mapping[str, Object], kind: str) -> Iterator[tuple[str, str]]:
    for link in objects:
        if link["type"] != "relationship" or link["relationship_type"] != kind or _is_withdrawn(link):
            continue
        ends = by_ref.get(link["source_ref"]), by_ref.get(link["target_ref"])
        if ends[0] and ends[1] and ends[0]["type"] in _LISTED:
            yield _attack_id(ends[0]), _attack_id(ends[1])


def _attack_id(item: Object) -> str:
    references = item.get("external_references", ())
    return next((r["external_id"] for r in references if r.get("source_name") == "mitre-attack"), "")


def _is_withdrawn(item: Object) -> bool:
    return bool(item.get("revoked") or item.get("x_mitre_deprecated"))


def _phases(pattern: Object) -> list[str]:
    phases = pattern.get("kill_chain_phases", ())
    return [p["phase_name"] for p in phases if p["kill_chain_name"] == "mitre-attack"]


def _in_order(shortnames: Iterable[str], tactics: Sequence[tuple[str, str, str]]) -> tuple[str, ...]:
    """Return tactic ids in kill-chain order; an unknown shortname stays as it is, for the check to find."""
    wanted = set(shortnames)
    known = [(id_, shortname) for id_, shortname, _ in tactics if shortname in wanted]
    return (*(id_ for id_, _ in known), *sorted(wanted - {shortname for _, shortname in known}))


def from_extract(extract: Object, source: str) -> Draft:
    """Read an extract; its tactics take the order of `KILL_CHAIN`."""
    named: Mapping[str, Object] = extract["tactics"]
    entries: Mapping[str, Object] = extract["techniques"]
    if set(named) != set(KILL_CHAIN):
        sys.exit(f"the extract's tactics are not those of ATT&CK v19: {sorted(set(named) ^ set(KILL_CHAIN))}")
    tactics = [(named[shortname]["id"], shortname, named[shortname]["name"]) for shortname in KILL_CHAIN]
    current = {id_: entry for id_, entry in entries.items() if "status" not in entry}
    return Draft(
        version=extract["attack_version"],
        modified=extract["source_modified"],
        source=source,
        tactics=tactics,
        techniques={k: (e["name"], _in_order(e["tactics"], tactics)) for k, e in current.items()},
        successors={id_: e.get("revoked_by") for id_, e in entries.items() if "status" in e},
        parents={},
    )


def problems(draft: Draft) -> Iterator[str]:
    """Yield a sentence for everything in a draft that does not fit together."""
    tactics = {id_ for id_, _, _ in draft.tactics}
    if len(tactics) != len(draft.tactics):
        yield "the matrix lists a tactic twice"
    for id_, (_, serves) in draft.techniques.items():
        if not re.fullmatch(r"T\d{4}(\.\d{3})?", id_):
            yield f"{id_!r} is not the id of a technique"
        if not serves:
            yield f"{id_} serves no tactic"
        yield from (
            f"{id_} serves {tactic!r}, which the matrix does not list"
            for tactic in serves
            if tactic not in tactics
        )
        parent = _parent(id_)
        if parent and parent not in draft.techniques:
            yield f"{id_} is part of {parent}, which is not a current technique"
        if parent != draft.parents.get(id_, parent):
            yield f"{id_} is a sub-technique of {draft.parents[id_]} by relationship, but not by its id"
    known = tactics | set(draft.techniques)
    for id_ in draft.successors:
        if not _ends(id_, draft.successors, known):
            yield f"{id_} was replaced by {draft.successors[id_]}, which leads to no current id"


def _parent(id_: str) -> str | None:
    return id_.partition(".")[0] if "." in id_ else None


def _ends(id_: str, successors: Mapping[str, str | None], known: set[str]) -> bool:
    """Say whether following replacements comes to a current id, or to one withdrawn for good."""
    seen = set()
    at: str | None = id_
    while at is not None and at in successors and at not in seen:
        seen.add(at)
        at = successors[at]
    return at is None or at in known


def written(draft: Draft) -> str:
    """Return the file's text: compact JSON, one entry per line, sorted, so that versions can be compared."""
    tactics = {id_ for id_, _, _ in draft.tactics}
    shortnames = {shortname for _, shortname, _ in draft.tactics}
    aliases = {
        alias: [id_ for id_ in became if id_ in tactics]
        for alias, became in TACTIC_ALIASES.items()
        if alias not in shortnames
    }
    parts = {
        "domain": _json("enterprise-attack"),
        "version": _json(draft.version),
        "modified": _json(draft.modified),
        "source": _json(draft.source),
        "notice": _json(NOTICE.format(year=draft.modified[:4])),
        "tactics": _lines("[]", map(_json, draft.tactics)),
        "techniques": _lines("[]", (_json([k, *v, _parent(k)]) for k, v in sorted(draft.techniques.items()))),
        "successors": _lines("{}", (f"{_json(k)}:{_json(v)}" for k, v in sorted(draft.successors.items()))),
        "tactic_aliases": _json({alias: became for alias, became in aliases.items() if became}),
    }
    return _lines("{}", (f"{_json(key)}:{text}" for key, text in parts.items())) + "\n"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _lines(brackets: str, entries: Iterable[str]) -> str:
    return f"{brackets[0]}\n" + ",\n".join(entries) + f"\n{brackets[1]}"


def main(argv: Sequence[str] | None = None) -> int:
    """Read, check and write; return 0, or 1 with the problems on stderr."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("input", type=Path, help="a STIX 2.1 bundle or an extract, as a local file")
    parser.add_argument("output", type=Path, help="the catalogue to write")
    parser.add_argument("--source", help="what the input is and where it comes from; kept in the catalogue")
    parser.add_argument("--attack-version", help="ATT&CK's version, for a bundle that does not say it")
    options = parser.parse_args(argv)
    document: Object = json.loads(options.input.read_text(encoding="utf-8"))
    if document.get("type") == "bundle":
        source = f"MITRE's STIX bundle {options.input.name}"
        draft = from_bundle(document, options.source or source, options.attack_version)
    else:
        source = f"{options.input.name}, an extract of {document['source']}"
        draft = from_extract(document, options.source or source)
    found = list(problems(draft))
    if found:
        sys.stderr.write("".join(f"{problem}\n" for problem in found))
        return 1
    options.output.write_text(written(draft), encoding="utf-8")
    sys.stderr.write(
        f"ATT&CK v{draft.version}: {len(draft.tactics)} tactics, {len(draft.techniques)} techniques, "
        f"{len(draft.successors)} withdrawn ids\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
