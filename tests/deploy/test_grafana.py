"""The dashboard as data: what it asks, whom it asks, and where its panels are."""

import json
from pathlib import Path
from typing import Any

import yaml

GRAFANA = Path(__file__).parents[2] / "deploy" / "grafana"
DASHBOARD: dict[str, Any] = json.loads((GRAFANA / "dashboards" / "tocsin.json").read_text(encoding="utf-8"))
PANELS = DASHBOARD["panels"]


def provisioned(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(
        (GRAFANA / "provisioning" / kind / "tocsin.yml").read_text(encoding="utf-8")
    )
    return found


def test_the_dashboard_finds_its_datasources():
    """Their ids are those that are provisioned, and exemplars lead to one of them."""
    sources = {source["uid"]: source for source in provisioned("datasources")["datasources"]}
    used = {target["datasource"]["uid"] for panel in PANELS for target in panel["targets"]}
    destinations = sources["prometheus"]["jsonData"]["exemplarTraceIdDestinations"]
    assert used | {found["datasourceUid"] for found in destinations} == sources.keys()


def test_panels_do_not_overlap():
    """Each place of the grid, which is 24 wide, belongs to one panel."""
    places = [
        (x, y)
        for at in (panel["gridPos"] for panel in PANELS)
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(places) == len(set(places))
    assert max(x for x, _ in places) == 23


def test_every_panel_has_a_title_and_a_unit_of_its_own():
    """Numbers are never shown as they come."""
    titles = [panel["title"] for panel in PANELS]
    assert len(titles) == len(set(titles)) == len({panel["id"] for panel in PANELS})
    assert all(panel["fieldConfig"]["defaults"]["unit"] for panel in PANELS)
