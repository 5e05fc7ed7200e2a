"""The lab's raw_packets.csv: good rows become events, bad ones are named with their line."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import SettingsError
from tocsin.simulate.packets import BadRow, Packet, PacketWriter, read_packets
from tocsin.simulate.weave import Simulator

HEADER = "event_id,timestamp,user,host,source_ip,event_type,process_name,command_line,logon_type"
ID = "38b6dde6-b295-46b1-bad4-2b650569ff04"
LOGIN = f"{ID},2026-01-31T12:00:00Z,dev-01,WS-DEV-01,10.0.0.1,user_login,,,failure"


def rows(tmp_path: Path, text: str | bytes) -> list[Packet | BadRow]:
    path = tmp_path / "raw_packets.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(read_packets(path))


def bad(found: list[Packet | BadRow]) -> list[tuple[int, str]]:
    return [(row.line, row.reason) for row in found if isinstance(row, BadRow)]


def test_what_was_saved_reads_back(tmp_path: Path) -> None:
    """Simulated events that were saved as a table come back equal, with ids, hosts and fields."""
    made = Simulator(5, "lab", 0.2).take(range(1_790_000_000_000, 1_790_000_003_000))
    path = tmp_path / "new" / "raw_packets.csv"
    with PacketWriter(path) as writer:
        writer.write(made[:1_000])
        writer.write(made[1_000:])
    read = [row for row in read_packets(path) if isinstance(row, Packet)]
    assert [(r.event_id, r.host, json.loads(r.value)) for r in read] == [
        (h.event_id, h.host, json.loads(h.value)) for h in made
    ]


def test_empty_cells_are_left_out(tmp_path: Path) -> None:
    """An empty cell is a field that the event does not have."""
    (found,) = rows(tmp_path, f"{HEADER}\n{LOGIN}\n")
    assert isinstance(found, Packet)
    assert set(json.loads(found.value)) == {
        "event_id", "timestamp", "user", "host", "source_ip", "event_type", "logon_type",
    }  # fmt: skip


@pytest.mark.parametrize("header", [HEADER, HEADER.removeprefix("event_id,")])
def test_ids_are_given_where_they_lack(tmp_path: Path, header: str) -> None:
    """A row without an id, or a table without ids, gets random ones, in the body too."""
    row = LOGIN.removeprefix(ID) if header == HEADER else LOGIN.removeprefix(ID + ",")
    one, two = rows(tmp_path, f"{header}\n{row}\n{row}\n")
    assert isinstance(one, Packet)
    assert isinstance(two, Packet)
    assert uuid.UUID(one.event_id).version == 4
    assert one.event_id != two.event_id
    assert json.loads(one.value)["event_id"] == one.event_id


def test_missing_columns_are_named(tmp_path: Path) -> None:
    """A table that lacks columns is refused, naming them all and the nearest of the unknown ones."""
    with pytest.raises(SettingsError, match="missing columns: host, source_ip") as caught:
        rows(tmp_path, "event_id,timestamp,user,hosts,event_type\n")
    assert "did you mean 'host'?" in str(caught.value)


def test_empty_file(tmp_path: Path) -> None:
    """An empty file is a table without columns."""
    with pytest.raises(SettingsError, match="missing columns"):
        rows(tmp_path, "")


def test_no_such_file(tmp_path: Path) -> None:
    """A file that is not there is the user's to mend."""
    with pytest.raises(SettingsError, match=r"nothing\.csv: cannot be read"):
        list(read_packets(tmp_path / "nothing.csv"))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (LOGIN + ",more", "10 cells, but 9 columns"),
        ("only,three,cells", "3 cells, but 9 columns"),
        (LOGIN.replace(ID, "17"), "event_id: '17' is not a UUID"),
        (LOGIN.replace("2026-01-31T12:00:00Z", "yesterday"), "timestamp: 'yesterday' is not a time"),
        (LOGIN.replace("user_login", ""), "event_type: empty"),
        (LOGIN.replace("dev-01", '"dev"-01'), "expected after"),
        (LOGIN.replace("dev-01", '"dev-01'), "a quote is not closed"),
    ],
)
def test_bad_rows(tmp_path: Path, row: str, reason: str) -> None:
    """A bad row is named with its line and what is wrong; the rows around it are good."""
    found = rows(tmp_path, f"{HEADER}\n{LOGIN}\n{row}\n\n{LOGIN}\n{LOGIN}\n")
    assert len(found) == 4
    ((line, told),) = bad(found)
    assert line == 3
    assert reason in told


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    """A row that is not UTF-8 is bad alone."""
    latin = LOGIN.replace("dev-01", "müller").encode("latin-1")
    found = rows(tmp_path, b"\n".join([HEADER.encode(), LOGIN.encode(), latin, LOGIN.encode()]))
    assert bad(found) == [(3, "not UTF-8")]


def test_row_over_several_lines(tmp_path: Path) -> None:
    """A quoted cell may hold line ends; the rows after it are counted by their own lines."""
    script = LOGIN.replace(",,,failure", ',powershell.exe,"one\r\ntwo, ""three""",')
    found = rows(tmp_path, f"{HEADER}\r\n{script}\r\nbad\r\n{LOGIN}\r\n")
    assert isinstance(found[0], Packet)
    assert json.loads(found[0].value)["command_line"] == 'one\r\ntwo, "three"'
    assert bad(found) == [(4, "1 cells, but 9 columns")]


def test_byte_order_mark(tmp_path: Path) -> None:
    """What Excel writes before the header is no part of the first column's name."""
    (found,) = rows(tmp_path, b"\xef\xbb\xbf" + f"{HEADER}\n{LOGIN}\n".encode())
    assert isinstance(found, Packet)
    assert found.event_id == ID


@given(st.binary(max_size=400))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, noise: bytes) -> None:
    """Whatever stands below the header, reading ends, and each row is either an event or bad."""
    path = tmp_path_factory.mktemp("noise") / "raw_packets.csv"
    path.write_bytes(HEADER.encode() + b"\n" + noise + b"\n" + LOGIN.encode() + b"\n")
    assert all(isinstance(row, (Packet, BadRow)) for row in read_packets(path))
