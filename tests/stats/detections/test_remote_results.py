"""Results in an S3-compatible store are followed like those in a folder."""

from tests.results.test_remote import bucket, server  # noqa: F401 - fixtures
from tests.stats.detections.flat import Seen, Writer, silent
from tocsin.results.upkeep import compact
from tocsin.stats.detections.following import DetectionFollower
from tocsin.stats.detections.narrowing import Narrowing
from tocsin.stats.detections.questions import page, total
from tocsin.stats.detections.store import DetectionStore


def test_a_remote_table_is_followed(bucket, tmp_path):  # noqa: F811 - the fixture
    """What is there, what comes, and what was compacted in between."""
    writer = Writer(bucket)
    writer.write(Seen(0, fired=("rule-enc",)), Seen(1))
    with DetectionStore(bucket, tmp_path) as store:
        follower = DetectionFollower(bucket, store, silent)
        follower.catch_up()
        assert total(store, Narrowing()) == 1
        writer.write(Seen(2, fired=("rule-enc", "rule-dump")))
        compact(bucket)
        writer.write(Seen(3, host="DC-01", fired=("rule-net",)))
        follower.catch_up()
        hosts = [row["host"] for row in page(store, Narrowing(), 10).rows]
        assert hosts == ["DC-01", "WS-01", "WS-01", "WS-01"]
