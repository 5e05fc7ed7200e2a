"""Headers are the producer's: whatever is in them, their record is read."""

import ctypes
import sys
from pathlib import Path
from typing import Any

import confluent_kafka
import pytest

from tocsin.kafka import Cluster, topic_of
from tocsin.ports import BEGINNING
from tocsin.sinks.replay import Outbound, Replay
from tocsin.sources.kafka_range import KafkaRange

TOPIC, PARTITION, VALUE, FLAGS, HEADERS, END = 1, 3, 4, 7, 10, 0
"""What an argument of `rd_kafka_producev` says the next ones are."""

COPY = 2

WARM = 30
"""Good records before the odd one: Python calls in another way what it has called often."""


def librdkafka() -> Any:
    """Return the library inside confluent-kafka; its Python side sends names in UTF-8 only."""
    folder = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
    found = sorted(folder.glob("librdkafka-*.so*"))
    if not found or sys.platform != "linux":
        pytest.skip("confluent-kafka was not installed from a wheel for Linux")
    library = ctypes.CDLL(str(found[0]))
    for maker in (library.rd_kafka_conf_new, library.rd_kafka_new, library.rd_kafka_headers_new):
        maker.restype = ctypes.c_void_p
    return library


def send_with_header(bootstrap: str, topic: str, name: bytes, value: bytes) -> None:
    library, said = librdkafka(), ctypes.create_string_buffer(512)
    conf = ctypes.c_void_p(library.rd_kafka_conf_new())
    assert library.rd_kafka_conf_set(conf, b"bootstrap.servers", bootstrap.encode(), said, 512) == 0
    producer = ctypes.c_void_p(library.rd_kafka_new(0, conf, said, 512))
    headers = ctypes.c_void_p(library.rd_kafka_headers_new(1))
    size = ctypes.c_ssize_t
    library.rd_kafka_header_add(headers, name, size(len(name)), b"x", size(1))
    number = ctypes.c_int
    where = (number(TOPIC), ctypes.c_char_p(topic.encode()), number(PARTITION), ctypes.c_int32(0))
    what = (number(VALUE), ctypes.c_char_p(value), ctypes.c_size_t(len(value)), number(FLAGS), number(COPY))
    assert library.rd_kafka_producev(producer, *where, *what, number(HEADERS), headers, number(END)) == 0
    assert library.rd_kafka_flush(producer, 20_000) == 0
    library.rd_kafka_destroy(producer)


class Listening:
    def assigned(self, partitions: list[int]) -> None:
        self.partitions = partitions

    def revoked(self, partitions: list[int]) -> None:
        raise AssertionError(partitions)

    lost = revoked


@pytest.mark.kafka
def test_a_header_that_is_not_utf_8_stops_nobody(kafka, unique_name):
    """Such a record would otherwise stop every worker that reads it; its event counts, without headers."""
    topic = topic_of(Cluster(kafka), unique_name, 1)
    for _ in range(WARM):
        send_with_header(kafka, topic.name, b"event-id", b"first")
    send_with_header(kafka, topic.name, b"\xff\xfe", b"second")
    send_with_header(kafka, topic.name, b"", b"third")
    source = KafkaRange(Cluster(kafka), topic, topic.name, {0: (0, WARM + 2)})
    source.open(Listening())
    source.poll(10, 0.1)
    source.seek({0: BEGINNING})
    found: list[tuple[Any, Any]] = []
    for _ in range(100):
        batch = source.poll(10, 0.3)
        found += zip(batch.values, batch.headers, strict=True) if batch else ()
        if source.caught_up():
            break
    source.close()
    assert [value for value, _ in found] == [*[b"first"] * WARM, b"second", b"third"]
    assert [list(headers) for _, headers in found] == [*[[("event-id", b"x")]] * WARM, [], [("", b"x")]]
    to = Replay(Cluster(kafka), topic, topic.name)
    assert not to.was_sent("a", {0: 0})
    to.send("a", [Outbound(None, b"fourth", ())])
    assert to.was_sent("a", {0: 0})
