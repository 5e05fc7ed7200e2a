"""Files, folders and archives: everything is found, every record comes out once or is told as a fault."""

import gzip
import io
import json
import os
import zipfile

import pytest

from tests.sources.reading import faults, good, objects, read
from tocsin.errors import SettingsError
from tocsin.model import RejectReason
from tocsin.sources.files import RecordedFiles, unpack
from tocsin.sources.files.reader import BATCH_RECORDS

EVENTS = [{"EventID": number, "Text": "ü" * number} for number in range(1, 6)]
NDJSON = "\n".join(json.dumps(event, ensure_ascii=False) for event in EVENTS)
ARRAY = json.dumps(EVENTS, indent=1, ensure_ascii=False)
CSV = "EventID,Text\r\n" + "".join(f"{event['EventID']},{event['Text']}\r\n" for event in EVENTS)
AS_TEXT = [{**event, "EventID": str(event["EventID"])} for event in EVENTS]


def zipped(entries, **options):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **{"compression": zipfile.ZIP_DEFLATED, **options}) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return file.getvalue()


@pytest.fixture
def write(tmp_path):
    def write(name, data):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return write


@pytest.mark.parametrize(
    "text",
    [
        NDJSON,
        NDJSON + "\n",
        NDJSON.replace("\n", "\r\n"),
        "\n\n" + NDJSON.replace("\n", "\n \n"),
        ARRAY,
        json.dumps(EVENTS),
        "\n".join(json.dumps(event, indent=2) for event in EVENTS),
        "".join(json.dumps(event) for event in EVENTS),
        "\x1e" + "\n\x1e".join(json.dumps(event) for event in EVENTS),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda data: zipped({"inner.json": data})])
def test_json_is_read_in_any_arrangement_encoding_and_packing(write, text, encoding, pack):
    """They are found out from the content."""
    rows = read(write("events.json", pack(text.encode(encoding))))
    assert objects(rows) == EVENTS
    assert not faults(rows)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["events.csv", "events.csv.gz", "events"])
def test_csv_is_known_by_its_name_or_by_its_columns(write, encoding, name):
    """The header names the fields."""
    data = CSV.encode(encoding)
    assert objects(read(write(name, gzip.compress(data) if name.endswith(".gz") else data))) == AS_TEXT


def test_standard_input_may_be_anything(write):
    """Also what has to be read here and there."""
    assert objects(read("-", stdin=NDJSON.encode())) == EVENTS
    assert objects(read("-", stdin=zipped({"a.csv": CSV}))) == AS_TEXT


def test_numbers_are_lines_or_counted_records(write):
    """Blank lines count as lines."""
    assert [number for _, number, _, _ in read(write("a.json", '{"a":1}\n\n{"a":2}\n'))] == [1, 3]
    assert [number for _, number, _, _ in read(write("b.json", '[{"a":1},\n\n{"a":2}]'))] == [1, 2]


def test_folders_are_searched_in_the_order_of_names(write, tmp_path):
    """Hidden files and those of no known kind are left out; a file that is named is read."""
    for name in ("b.json", "a/z.ndjson", "a/x.csv", "notes.txt", ".git/c.json", "__MACOSX/d.json"):
        write(name, CSV if name.endswith("csv") else NDJSON)
    files = RecordedFiles([str(tmp_path)])
    names = [os.path.relpath(batch.stream.name, tmp_path) for batch in files.batches()]
    assert names == ["b.json", "a/x.csv", "a/z.ndjson"]
    assert files.left_out == 1
    assert objects(read(tmp_path / "notes.txt")) == EVENTS


def test_a_path_given_twice_is_read_once(write):
    """Or every event would count twice."""
    path = write("a.json", NDJSON)
    assert objects(read(path, path)) == EVENTS


def test_a_path_that_does_not_exist_is_a_mistake():
    """Before anything is read."""
    with pytest.raises(SettingsError, match="nowhere: no such file"):
        RecordedFiles(["nowhere"])


def test_entries_are_named_after_their_archive(write):
    """Hidden ones are passed over, unknown ones counted; names are never used as paths."""
    entries = {
        "../../x.json": NDJSON,
        "__MACOSX/._x.json": "noise",
        "a/readme.md": "text",
        "inner.zip": zipped({"y.csv": CSV}),
    }
    path = write("a.zip", zipped(entries))
    files = RecordedFiles([str(path)])
    assert [batch.stream.name for batch in files.batches()] == [
        f"{path}!../../x.json",
        f"{path}!inner.zip!y.csv",
    ]
    assert files.left_out == 1


def test_every_file_has_its_own_partition(write, tmp_path):
    """Results keep a position for each."""
    for name in ("a.json", "b.json"):
        write(name, NDJSON)
    batches = list(RecordedFiles([str(tmp_path)]).batches())
    assert [set(batch.partitions) for batch in batches] == [{0}, {1}]


def test_batches_are_bounded(write):
    """A large file is many batches."""
    path = write("a.json", '{"a":1}\n' * (BATCH_RECORDS + 1))
    assert [len(batch) for batch in RecordedFiles([str(path)]).batches()] == [BATCH_RECORDS, 1]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda data: zipped({"a.json": data})])
def test_what_was_read_adds_up_to_the_size(write, pack):
    """So that a progress bar reaches its end."""
    path = write("a.json", pack(NDJSON.encode() * 100))
    read_so_far: list[int] = []
    files = RecordedFiles([str(path)])
    list(files.batches(read_so_far.append))
    assert files.size == path.stat().st_size
    assert files.size <= sum(read_so_far) <= files.size + 2 * 65_557  # where an archive keeps its directory


class TestBadInput:
    """The good records are read, the others told."""

    def test_a_gzip_stream_that_was_cut_off(self, write):
        """Every whole line before the cut is read."""
        text = "\n".join(json.dumps({"n": os.urandom(20).hex()}) for _ in range(20_000))
        packed = gzip.compress(text.encode())
        rows = read(write("a.json.gz", packed[: len(packed) // 2]))
        whole = set(good(rows)) & set(text.encode().split(b"\n"))
        assert 9_000 < len(whole) < 11_000
        assert len(good(rows)) - len(whole) <= 1
        assert faults(rows) == [(rows[-1][1], "the gzip stream ends too early: the file was cut off")]

    def test_a_gzip_stream_that_breaks(self, write):
        """Everything before the broken byte is read."""
        text = "\n".join(json.dumps({"n": os.urandom(20).hex()}) for _ in range(20_000))
        packed = bytearray(gzip.compress(text.encode()))
        packed[len(packed) // 2 :] = b"\xff" * (len(packed) - len(packed) // 2)
        rows = read(write("a.json.gz", bytes(packed)))
        assert 9_000 < len(set(good(rows)) & set(text.encode().split(b"\n"))) < 11_000
        assert "gzip stream" in faults(rows)[-1][1]

    def test_a_checksum_that_is_wrong_is_told_after_the_records(self, write):
        """They came out whole."""
        packed = bytearray(gzip.compress(NDJSON.encode()))
        packed[-8] ^= 1
        rows = read(write("a.json.gz", bytes(packed)))
        assert objects(rows) == EVENTS
        assert len(faults(rows)) == 1

    def test_gzip_members_follow_each_other(self, write):
        """Also with padding behind them."""
        packed = gzip.compress(NDJSON.encode() + b"\n") + gzip.compress(NDJSON.encode()) + bytes(512)
        rows = read(write("a.json.gz", packed))
        assert objects(rows) == EVENTS * 2
        assert not faults(rows)

    def test_one_bad_entry_of_an_archive(self, write):
        """The others are read."""
        packed = bytearray(
            zipped({"a.json": NDJSON, "b.json": NDJSON, "c.json": NDJSON}, compression=zipfile.ZIP_STORED)
        )
        place = packed.index(b'"EventID": 3', packed.index(b"b.json"))
        packed[place + 11 : place + 12] = b"9"
        rows = read(write("a.zip", bytes(packed)))
        assert {name[-6:] for name, _, _, fault in rows if not fault} >= {"a.json", "c.json"}
        assert len(faults(rows)) == 1
        assert "CRC" in faults(rows)[0][1]

    def test_an_encrypted_entry(self, write):
        """It is said that a password is needed."""
        packed = bytearray(zipped({"a.json": NDJSON}))
        for place in (packed.index(b"PK\x03\x04") + 6, packed.index(b"PK\x01\x02") + 8):
            packed[place] |= 1
        assert "password" in faults(read(write("a.zip", bytes(packed))))[0][1]

    def test_an_archive_without_its_directory(self, write):
        """There is one fault, and other files go on."""
        rows = read(write("a.zip", zipped({"a.json": NDJSON})[:-30]), write("b.json", NDJSON))
        assert len(faults(rows)) == 1
        assert objects(rows) == EVENTS

    def test_what_was_made_to_grow_is_stopped(self, write, monkeypatch):
        """No archive fills the memory or runs for ever."""
        monkeypatch.setattr(unpack, "ALWAYS_ALLOWED", 1_000_000)
        for name, packed in {
            "a.json.gz": gzip.compress(b" " * 20_000_000),
            "b.zip": zipped({"b.json": b" " * 20_000_000}),
        }.items():
            (detail,) = [detail for _, detail in faults(read(write(name, packed)))]
            assert "limit is 300 times" in detail

    def test_archives_inside_one_another_have_an_end(self, write):
        """Three levels are plenty."""
        packed = NDJSON.encode()
        for level in range(5):
            packed = zipped({f"{level}.zip" if level else "0.json": packed})
        assert "nested deeper" in faults(read(write("a.zip", packed)))[0][1]

    def test_a_line_that_is_far_too_long(self, write):
        """Its size is told, and the lines around it are read."""
        rows = read(write("a.json", b'{"a":1}\n{"a":"' + b"x" * 50_000_000 + b'"}\n{"a":2}\n'))
        assert objects(rows) == [{"a": 1}, {"a": 2}]
        (fault,) = [fault for _, _, _, fault in rows if fault]
        assert fault.reason is RejectReason.TOO_LARGE
        assert "50,000,008" in fault.detail

    @pytest.mark.parametrize("name", ["a.json", "a.csv", "a.evtx", "a.gz", "a.zip", "a.json.gz"])
    @pytest.mark.parametrize("size", [0, 1, 2, 3, 100, 100_000])
    def test_noise_never_raises(self, write, name, size):
        """Under any name."""
        noise = bytes((i * i * 31 + i // 7) % 256 for i in range(size))
        magic = {"a.evtx": b"ElfFile\0", "a.gz": b"\x1f\x8b\x08", "a.zip": b"PK\x03\x04"}.get(name, b"")
        for data in (noise, magic + noise):
            assert all(number >= 1 for _, number, _, _ in read(write(name, data)))

    def test_a_file_that_goes_away_is_told(self, write):
        """Between listing and reading anything may happen."""
        path = write("a.json", NDJSON)
        files = RecordedFiles([str(path), str(write("b.json", NDJSON))])
        path.unlink()
        batches = list(files.batches())
        assert [fault.detail for fault in batches[0].faults.values()] == [
            "cannot be read: No such file or directory"
        ]
        assert len(batches[1]) == len(EVENTS)
