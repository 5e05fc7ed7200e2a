"""The headline says what the numbers say, and no more."""

import pytest

from tests.stats.stores import Row, csv_of, rejected_in, results_of
from tocsin.model import Level, Rejected, RejectReason
from tocsin.results.sink import ResultsSink
from tocsin.results.table import Origin
from tocsin.stats.events import events_of
from tocsin.stats.headline import Headline, headline
from tocsin.stats.questions import summary


def said(path) -> Headline:
    with events_of(path) as events:
        return headline(summary(events))


def fired(tactic: str, level: Level | None, minute: int = 0, host: str = "WS-01") -> Row:
    technique = "T0000" if level is None else "T1059"
    return Row(f"2026-01-01T10:{minute:02}:00Z", tactic, technique, host=host, level=level, waited=0.2)


QUIET = fired("TA0000", None)


@pytest.mark.parametrize(
    ("rows", "title", "alarming"),
    [
        ([fired("TA0002", Level.CRITICAL), QUIET], "1 event of critical level, on 1 host", True),
        (
            [fired("TA0002", Level.CRITICAL), fired("TA0002", Level.HIGH, host="B")],
            "2 events of critical or high level, on 2 hosts",
            True,
        ),
        (
            [fired("TA0002", Level.MEDIUM), QUIET],
            "Nothing of high or critical level; rules of lower ones fired on 1 event",
            False,
        ),
        ([QUIET, QUIET], "No rule fired on 2 events", False),
    ],
)
def test_the_title_is_the_one_thing_to_know(rows, title, alarming, tmp_path):
    """Alarming only when somebody should look."""
    found = said(results_of(rows, tmp_path / "results"))
    assert (found.title, found.alarming) == (title, alarming)


def test_the_points_name_the_host_that_went_furthest_and_how_late_rows_were(tmp_path):
    """In the order in which its tactics were seen."""
    rows = [fired("TA0006", Level.HIGH, 7), fired("TA0002", Level.HIGH, 3), QUIET]
    points = said(results_of(rows, tmp_path / "results")).points
    assert (
        "WS-01 went furthest along the kill chain: Execution (10:03:00), Credential Access (10:07:00)."
        in points
    )
    assert "Half of the events were stored within 200 ms of reaching Kafka, 99 % within 200 ms." in points
    assert "Every record could be read." in points


def test_what_could_not_be_read_and_what_was_lost_is_said(tmp_path):
    """Apart from each other: one can be mended, the other is gone."""
    folder = results_of([QUIET], tmp_path / "results")
    rejected_in(folder, [Rejected(RejectReason.NOT_JSON, "no"), Rejected(RejectReason.LOST, "gone")])
    points = said(folder).points
    assert "Dead letters: 1 record could not be read as an event." in points
    assert any(point.startswith("Records were lost 1 time:") for point in points)


def test_a_csv_claims_nothing_that_it_does_not_know(tmp_path):
    """No levels, no rules, no latency, and not that every record could be read."""
    found = said(csv_of([fired("TA0002", Level.HIGH), QUIET], tmp_path / "out.csv"))
    assert found.title == "1 of 2 events were labelled with an ATT&CK tactic"
    assert not any(
        word in " ".join(found.points) for word in ("level", "Every record", "stored within", "fired")
    )


def test_an_empty_store_says_so(tmp_path):
    """Rather than that all is well."""
    ResultsSink(tmp_path / "results", Origin("c", "t", "i"), "none", lambda: 0.0)
    found = said(tmp_path / "results")
    assert found == Headline(
        "No events", ("No stored event is among those that are asked for.",), alarming=False
    )
