"""EVTX files: every record is read or told, whatever is broken."""

import sys
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corpora import corpus
from tests.sources.reading import cut, until_unreadable
from tocsin.sources.files import evtx_process
from tocsin.sources.files.event_log import records
from tocsin.sources.files.evtx_process import EvtxProcess

HEADER, CHUNK = 4_096, 65_536
COUNT = 7


@pytest.fixture(scope="module")
def log() -> bytes:
    """A log of one chunk with seven records."""
    with zipfile.ZipFile(corpus("sigmahq/regression-data.zip")) as archive:
        name = next(n for n in archive.namelist() if "netexec_file" in n and n.endswith(".evtx"))
        return archive.read(name)


def read(data, largest=100_000):
    with EvtxProcess() as process:
        pieces, end = until_unreadable(records(cut(data, 1, largest), process))
    good = sum(piece.fault is None for piece in pieces)
    told = [piece.fault.detail for piece in pieces if piece.fault]
    return good, told, end


def record_places(data):
    """Return where records begin."""
    places, at = [], HEADER + 512
    while data[at : at + 4] == b"\x2a\x2a\0\0":
        places.append(at)
        at += int.from_bytes(data[at + 4 : at + 8], "little")
    return places


@pytest.mark.parametrize("largest", [1_000, 100_000])
def test_a_good_log_is_read_whole(log, largest):
    """However it comes in."""
    assert read(log, largest) == (COUNT, [], "")
    assert read(log + log[HEADER:], largest) == (2 * COUNT, [], "")


def test_chunks_made_in_advance_are_nothing(log):
    """Windows fills a log with zeros before it writes."""
    assert read(log + bytes(CHUNK) + log[HEADER:]) == (2 * COUNT, [], "")
    assert read(log + bytes(CHUNK // 2)) == (COUNT, [], "")


def test_a_broken_chunk_costs_only_itself(log):
    """It is one fault; the next chunk is read."""
    for place in (0, 700):
        broken = bytearray(log)
        broken[HEADER + place : HEADER + place + 800] = b"\xa5" * 800
        good, told, end = read(bytes(broken) + log[HEADER:])
        assert good == COUNT
        assert len(told) == 1
        assert told[0].startswith("chunk 0: ")
        assert not end


def test_a_broken_record_costs_only_itself(log):
    """The library reads on after it."""
    broken = bytearray(log)
    place = record_places(log)[2]
    broken[place + 24 : place + 60] = b"\xa5" * 36
    good, told, _ = read(bytes(broken))
    assert (good, len(told)) == (COUNT - 1, 1)


def test_records_that_the_library_passes_over_in_silence_are_told(log):
    """Behind a record without its signature it reads nothing, and says nothing."""
    broken = bytearray(log)
    place = record_places(log)[1]
    broken[place : place + 4] = bytes(4)
    good, told, _ = read(bytes(broken))
    assert good == 1
    assert told == [f"chunk 0: {COUNT - 1} of its {COUNT} records cannot be read"]


def test_of_a_log_that_was_cut_off_the_whole_records_are_read(log):
    """And it is told how many are missing, and where the file ended."""
    end_of_third = record_places(log)[3]
    good, told, end = read(log + log[HEADER : end_of_third + 10])
    assert good == COUNT + 3
    assert told == [f"chunk 1: {COUNT - 3} of its {COUNT} records cannot be read"]
    assert end == "chunk 1: the file was cut off here"


@pytest.mark.parametrize("size", [8, 100, HEADER - 1])
def test_a_log_without_its_whole_header_is_told(log, size):
    """There is nothing to read."""
    good, told, end = read(log[:size])
    assert (good, told) == (0, [])
    assert "header" in end


def test_a_broken_file_header_does_no_harm(log):
    """Everything needed stands in the chunks."""
    assert read(b"ElfFile\0" + b"\xa5" * (HEADER - 8) + log[HEADER:])[0] == COUNT


def test_noise_instead_of_chunks_is_told_chunk_by_chunk(log):
    """Nothing raises."""
    noise = bytes(range(256)) * 256
    good, told, _ = read(log[:HEADER] + noise + b"ElfChnk\0" + noise[8:])
    assert good == 0
    assert len(told) == 2


def test_records_are_json_with_their_numbers(log):
    """Counted through all chunks."""
    with EvtxProcess() as process:
        pieces = list(records(iter([log, log[HEADER:]]), process))
    assert [piece.number for piece in pieces] == list(range(1, 2 * COUNT + 1))
    assert all((piece.value or b"").lstrip().startswith(b"{") for piece in pieces)


STUCK = """
import struct, sys, time
while chunk := sys.stdin.buffer.read(65536):
    sys.stdout.buffer.write(struct.pack("<BI", ord("r"), 2) + b"{}")
    sys.stdout.buffer.flush()
    if b"stuck" in chunk:
        import signal
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        while True: pass
    if b"dies" in chunk:
        sys.exit(7)
    sys.stdout.buffer.write(struct.pack("<BI", ord("e"), 0))
    sys.stdout.buffer.flush()
"""


@pytest.mark.parametrize(("word", "why"), [("stuck", "did not end within"), ("dies", "with code 7")])
def test_a_chunk_that_kills_its_reader_costs_only_itself(monkeypatch, tmp_path, word, why):
    """What came before is kept, and the next chunk has a new reader. The package has had such bugs."""
    program = tmp_path / "stuck.py"
    program.write_text(STUCK)
    monkeypatch.setattr(evtx_process, "_COMMAND", [sys.executable, str(program)])
    blocks = [b"ElfChnk\0" + text.encode().ljust(CHUNK - 8, b"\0") for text in ("good", word, "good")]
    good, told, end = read(b"ElfFile\0" + bytes(HEADER - 8) + b"".join(blocks))
    assert (good, len(told), end) == (3, 1, "")
    assert why in told[0]


def test_a_reader_that_is_left_early_does_not_mix_up_answers(log):
    """The next chunk is answered by itself."""
    with EvtxProcess() as process:
        next(iter(process.records(log[HEADER:])))
        assert len(list(process.records(log[HEADER:]))) == COUNT


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_no_damage_makes_it_raise(log, data):
    """Bytes changed anywhere in a chunk, and a file cut anywhere: records and faults, never an exception."""
    broken = bytearray(log)
    end = len(log.rstrip(b"\0"))
    for _ in range(data.draw(st.sampled_from([1, 5, 50]))):
        broken[data.draw(st.integers(HEADER, end - 1))] = data.draw(st.integers(0, 255))
    size = data.draw(st.just(len(log)) | st.integers(0, len(log)))
    good, told, _ = read(bytes(broken[:size]))
    assert good <= COUNT
    assert all(told)
