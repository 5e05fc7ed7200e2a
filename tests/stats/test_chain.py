"""The kill chain says of each host what was seen on it, when first, and who went furthest."""

from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.stats.stores import Row, csv_of, results_of
from tests.stats.test_questions import ROWS
from tocsin.model import Level
from tocsin.stats.chain import HostChain, kill_chain
from tocsin.stats.events import events_of
from tocsin.stats.questions import tactics


def chains(rows: list[Row], folder, top: int = 10) -> dict[str, HostChain]:
    with events_of(results_of(rows, folder / "results")) as events:
        return {chain.host: chain for chain in kill_chain(events, top).rows}


def row(host: str, minute: int, tactic: str, level: Level = Level.HIGH) -> Row:
    return Row(f"2026-01-01T10:{minute:02}:00Z", tactic, "T1059", host=host, level=level)


def test_steps_are_in_kill_chain_order_with_their_first_time_and_count(tmp_path):
    """And the serious ones can be had in the order in which they were seen."""
    rows = [
        row("A", 5, "TA0006"),
        row("A", 9, "TA0001"),
        row("A", 7, "TA0006"),
        row("A", 1, "TA0040", Level.LOW),
    ]
    chain = chains(rows, tmp_path)["A"]
    assert [(step.name, step.count, step.level) for step in chain.steps] == [
        ("Initial Access", 1, "high"),
        ("Credential Access", 2, "high"),
        ("Impact", 1, "low"),
    ]
    credential = chain.steps[1]
    assert credential.first == datetime(2026, 1, 1, 10, 5, tzinfo=UTC)
    assert credential.last == datetime(2026, 1, 1, 10, 7, tzinfo=UTC)
    assert [step.name for step in chain.serious()] == ["Credential Access", "Initial Access"]
    assert (chain.reach, chain.level, chain.count) == (2, "high", 4)


def test_noise_does_not_put_a_host_before_an_attack(tmp_path):
    """Five tactics of low level go less far than two of high level, however many events they are."""
    noise = [
        row("NOISY", i, t, Level.LOW)
        for i in range(9)
        for t in ("TA0001", "TA0002", "TA0003", "TA0006", "TA0007")
    ]
    attack = [row("HIT", 1, "TA0002"), row("HIT", 2, "TA0006")]
    assert list(chains(noise + attack, tmp_path)) == ["HIT", "NOISY"]


def test_events_without_a_host_or_a_tactic_are_no_steps(tmp_path):
    """Nobody went anywhere by them."""
    rows = [row("", 1, "TA0002"), Row("2026-01-01T10:00:00Z", host="QUIET"), row("A", 1, "TA0002")]
    assert list(chains(rows, tmp_path)) == ["A"]


def test_a_step_without_a_time_is_last_in_time(tmp_path):
    """It is counted, and does not stop anything."""
    rows = [Row("no time", "TA0001", "T1078", host="A", level=Level.HIGH), row("A", 3, "TA0002")]
    assert [step.name for step in chains(rows, tmp_path)["A"].serious()] == ["Execution", "Initial Access"]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROWS, min_size=1, max_size=60))
def test_the_steps_of_all_hosts_add_up_to_the_tactics(rows, tmp_path_factory):
    """In the results and in the CSV alike, when every host is asked for."""
    folder = tmp_path_factory.mktemp("store")
    for path in (results_of(rows, folder / "results"), csv_of(rows, folder / "out.csv")):
        with events_of(path) as events:
            found = kill_chain(events, 100)
            counted = {count.value: count.count for count in tactics(events) if count.value != "TA0000"}
        added: dict[str, int] = {}
        for step in (step for chain in found.rows for step in chain.steps):
            added[step.tactic] = added.get(step.tactic, 0) + step.count
        assert added == counted
        assert found.distinct == len(found.rows)
