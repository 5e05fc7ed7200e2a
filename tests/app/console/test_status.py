"""What the front end asks first."""

from tocsin import __version__


def test_status_names_what_the_console_looks_at(asking, tmp_path):
    """Also where there is neither Kafka nor a result."""
    told = asking(kafka__topic="some-topic").get("/api/status").json()
    assert told["version"] == __version__
    assert (told["topic"], told["results"]) == ("some-topic", str(tmp_path / "results"))
    assert told["time"] >= told["started"]
