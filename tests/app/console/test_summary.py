"""The console tells the same numbers as `tocsin stats`."""

import time

import msgspec

from tests.results.rows import ORIGIN, judged
from tocsin.app.cli import run
from tocsin.errors import ExitCode
from tocsin.results.sink import ResultsSink


def store(results, first):
    sink = ResultsSink(results, ORIGIN, "detected", time.time)
    sink.start([0])
    sink.write(judged(range(first, first + 10), rejected=[first], fired=[first + 3, first + 4]))
    sink.flush()


def test_it_is_the_document_of_stats(asking, tmp_path, capsysbinary):
    """Number by number; and nothing is asked of the store again a moment later."""
    store(tmp_path / "results", 0)
    client = asking()
    told = client.get("/api/summary").json()
    assert run(["stats", str(tmp_path / "results"), "--format", "json"]) == ExitCode.OK
    wanted = msgspec.json.decode(capsysbinary.readouterr().out)
    assert told["processing"]["events"] == 9
    assert told.keys() == wanted.keys()
    assert {key: told[key] for key in told if key != "health"} == {
        key: wanted[key] for key in wanted if key != "health"
    }
    store(tmp_path / "results", 10)
    assert client.get("/api/summary").json() == told


def test_without_results_it_says_so(asking):
    """And what to do."""
    found = asking().get("/api/summary")
    assert found.status_code == 404
    assert found.json()["hint"]
