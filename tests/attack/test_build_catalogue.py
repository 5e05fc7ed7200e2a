"""The script that makes the catalogue reads MITRE's bundle, and refuses what does not fit together."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    """Import the script, which is not part of the package."""
    spec = importlib.util.spec_from_file_location("build", ROOT / "scripts" / "build_attack_catalogue.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["build"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["build"]


def listed(kind: str, attack_id: str, name: str, **more: Any) -> dict[str, Any]:
    reference = {"source_name": "mitre-attack", "external_id": attack_id}
    other = {"source_name": "capec", "external_id": "CAPEC-1"}
    return {
        "type": kind,
        "id": f"{kind}--{attack_id}-{name}",
        "modified": "2030-12-31T00:00:00.000Z",
        "name": name,
        "external_references": [other, reference],
        **more,
    }


def technique(attack_id: str, name: str, *phases: str, **more: Any) -> dict[str, Any]:
    chain = [{"kill_chain_name": "mitre-attack", "phase_name": phase} for phase in phases]
    chain.append({"kill_chain_name": "another-chain", "phase_name": "delivery"})
    return listed("attack-pattern", attack_id, name, kill_chain_phases=chain, **more)


def link(kind: str, source: dict[str, Any], target: dict[str, Any], **more: Any) -> dict[str, Any]:
    ends = {"source_ref": source["id"], "target_ref": target["id"]}
    return {
        "type": "relationship",
        "id": f"relationship--{source['id']}",
        "relationship_type": kind,
        **ends,
        **more,
    }


@pytest.fixture
def objects() -> list[dict[str, Any]]:
    """A matrix of two tactics with a technique, its part, and one withdrawn id of each sort."""
    hiding = listed("x-mitre-tactic", "TA0005", "Hiding", x_mitre_shortname="hiding")
    entering = listed("x-mitre-tactic", "TA0001", "Entering", x_mitre_shortname="entering")
    door = technique("T1001", "Door", "hiding", "entering")
    back_door = technique("T1001.001", "Back Door", "entering")
    gate = technique("T1002", "Gate", "entering", revoked=True)
    hatch = technique("T1003", "Hatch", "entering", x_mitre_deprecated=True)
    namesake = technique("T1001", "Door of old", "hiding", revoked=True)
    matrix = {
        "type": "x-mitre-matrix",
        "id": "x-mitre-matrix--1",
        "tactic_refs": [entering["id"], hiding["id"]],
    }
    old_matrix = {**matrix, "id": "x-mitre-matrix--2", "tactic_refs": [], "x_mitre_deprecated": True}
    collection = {
        "type": "x-mitre-collection",
        "id": "x-mitre-collection--1",
        "x_mitre_version": "99.1",
        "modified": "2031-02-03T00:00:00.000Z",
    }
    return [
        {"type": "intrusion-set", "id": "intrusion-set--1", "name": "Burglars"},
        hatch, back_door, namesake, hiding, gate, door, entering, old_matrix, matrix, collection,
        link("subtechnique-of", back_door, door),
        link("revoked-by", gate, hatch, revoked=True),
        link("revoked-by", gate, back_door),
        link("uses", gate, door),
    ]  # fmt: skip


def bundle_file(folder: Path, objects: list[dict[str, Any]]) -> Path:
    path = folder / "bundle.json"
    path.write_text(json.dumps({"type": "bundle", "id": "bundle--1", "objects": objects}))
    return path


def test_a_bundle_becomes_a_catalogue(
    script: ModuleType, objects: list[dict[str, Any]], tmp_path: Path
) -> None:
    """Tactics in the matrix's order; withdrawn ids with what took their place, current ones untouched."""
    out = tmp_path / "out.json"
    assert script.main([str(bundle_file(tmp_path, objects)), str(out)]) == 0
    made = json.loads(out.read_text(encoding="utf-8"))
    assert made["version"] == "99.1"
    assert made["notice"].startswith("© 2031 The MITRE Corporation.")
    assert made["source"] == "MITRE's STIX bundle bundle.json"
    assert made["tactics"] == [["TA0001", "entering", "Entering"], ["TA0005", "hiding", "Hiding"]]
    assert made["techniques"] == [
        ["T1001", "Door", ["TA0001", "TA0005"], None],
        ["T1001.001", "Back Door", ["TA0001"], "T1001"],
    ]
    assert made["successors"] == {"T1002": "T1001.001", "T1003": None}
    assert made["tactic_aliases"] == {"defense-evasion": ["TA0005"]}


def test_the_order_of_the_bundle_does_not_matter(
    script: ModuleType, objects: list[dict[str, Any]], tmp_path: Path
) -> None:
    """The same data gives the same bytes."""
    texts = []
    for order in (objects, objects[::-1]):
        assert script.main([str(bundle_file(tmp_path, order)), str(tmp_path / "out.json")]) == 0
        texts.append((tmp_path / "out.json").read_bytes())
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ([technique("T1004", "Chimney", "flying")], "T1004 serves 'flying', which the matrix does not list"),
        ([technique("T1004", "Chimney")], "T1004 serves no tactic"),
        ([technique("X1004", "Chimney", "hiding")], "'X1004' is not the id of a technique"),
        (
            [technique("T1005.001", "Flue", "hiding")],
            "T1005.001 is part of T1005, which is not a current technique",
        ),
        (
            [
                a := technique("T1004", "Chimney", "hiding", revoked=True),
                b := technique("T1005", "Flue", "hiding", revoked=True),
                link("revoked-by", a, b),
                link("revoked-by", b, a),
            ],
            "T1004 was replaced by T1005, which leads to no current id",
        ),
        (
            [a := technique("T1004", "Chimney", "hiding"), b := technique("T1004.001", "Flue", "hiding"),
             c := technique("T1005", "Wall", "hiding"), link("subtechnique-of", b, c)],
            "T1004.001 is a sub-technique of T1005 by relationship, but not by its id",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_named_and_nothing_is_written(
    script: ModuleType,
    objects: list[dict[str, Any]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    extra: list[dict[str, Any]],
    said: str,
) -> None:
    """A broken bundle cannot become a broken catalogue."""
    out = tmp_path / "out.json"
    assert script.main([str(bundle_file(tmp_path, objects + extra)), str(out)]) == 1
    assert said in capsys.readouterr().err
    assert not out.exists()


def test_a_bundle_that_does_not_say_its_version_needs_to_be_told(
    script: ModuleType, objects: list[dict[str, Any]], tmp_path: Path
) -> None:
    """MITRE's STIX 2.0 bundles have no collection object; their age is that of their newest object."""
    path = str(bundle_file(tmp_path, [o for o in objects if o["type"] != "x-mitre-collection"]))
    out = tmp_path / "out.json"
    with pytest.raises(SystemExit, match="expected one x-mitre-collection"):
        script.main([path, str(out)])
    assert script.main([path, str(out), "--attack-version", "98"]) == 0
    made = json.loads(out.read_text(encoding="utf-8"))
    assert (made["version"], made["modified"]) == ("98", "2030-12-31T00:00:00.000Z")


def test_a_bundle_without_a_matrix_is_refused(
    script: ModuleType, objects: list[dict[str, Any]], tmp_path: Path
) -> None:
    """Without it nobody knows the kill chain's order."""
    kept = [o for o in objects if o["type"] != "x-mitre-matrix"]
    with pytest.raises(SystemExit, match="expected one x-mitre-matrix"):
        script.main([str(bundle_file(tmp_path, kept)), str(tmp_path / "out.json")])


def test_the_shipped_file_is_what_the_script_writes(script: ModuleType, tmp_path: Path) -> None:
    """Taken apart into an extract and put together again, it is the same to the byte: no hand edited it."""
    shipped = ROOT / "src" / "tocsin" / "attack" / "enterprise-19.json"
    data = json.loads(shipped.read_text(encoding="utf-8"))
    shortnames = {id_: shortname for id_, shortname, _ in data["tactics"]}
    withdrawn = {
        id_: {"name": id_, "status": "revoked", "revoked_by": to}
        if to
        else {"name": id_, "status": "deprecated"}
        for id_, to in data["successors"].items()
    }
    extract = {
        "attack_version": data["version"],
        "source": "-",
        "source_modified": data["modified"],
        "tactics": {
            shortname: {"id": id_, "name": name} for id_, shortname, name in reversed(data["tactics"])
        },
        "techniques": {
            id_: {"name": name, "tactics": [shortnames[t] for t in reversed(tactics)]}
            for id_, name, tactics, _ in reversed(data["techniques"])
        }
        | withdrawn,
    }
    (tmp_path / "extract.json").write_text(json.dumps(extract))
    out = tmp_path / "out.json"
    assert script.main([str(tmp_path / "extract.json"), str(out), "--source", data["source"]]) == 0
    assert out.read_bytes() == shipped.read_bytes()
