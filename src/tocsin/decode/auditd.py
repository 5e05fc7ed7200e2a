"""Linux audit records, in the ways in which they become JSON, to the fields that rules read.

A record is `type=EXECVE msg=audit(TIME:SERIAL): a0="id" ...`. Laurel and Elastic's agent make one event of
all records of a system call; rules speak of single records, so a name that two of them use has both values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from tocsin.decode.paths import at
from tocsin.decode.reshaped import Reshaped
from tocsin.model import NO_CATEGORY, LogSource

_LINES = ("message", "msg", "MESSAGE", "log", "_raw", "event.original")
"""Where collectors keep a line of text."""

_OF_RECORDS = frozenset({"a0", "argc", "auid", "nametype", "serial", "syscall", "SYSCALL"})
"""Fields that tell a flat record from other objects with a `type` in capitals."""

_NUMBERS = {
    1101: "USER_ACCT",
    1123: "USER_CMD",
    1300: "SYSCALL",
    1302: "PATH",
    1305: "CONFIG_CHANGE",
    1306: "SOCKADDR",
    1307: "CWD",
    1309: "EXECVE",
    1319: "TTY",
    1320: "EOE",
    1327: "PROCTITLE",
}
"""How go-audit, which passes on what the kernel says, writes the types (`linux/audit.h`)."""

_PAIR = re.compile(r"""([A-Za-z][\w-]*)=("[^"]*"|'[^']*'|[^\s'"]*)""")
_STAMP = re.compile(r"msg=audit\((\d+(?:\.\d+)?):(\d+)\)")
_ARGUMENT = re.compile(r"a\d+")
_HEX = re.compile(r"(?:[0-9A-F]{2})+")

_ENCODED = frozenset({"acct", "cmd", "comm", "cwd", "data", "dir", "exe", "key", "name", "proctitle"})
"""What the audit system writes in hexadecimal digits, without quotes, when it is not plain text."""

_SYSCALLS = {
    "c000003e": {
        "41": "socket", "42": "connect", "59": "execve", "99": "sysinfo", "103": "syslog", "133": "mknod",
        "135": "personality", "259": "mknodat", "319": "memfd_create", "321": "bpf", "322": "execveat",
    },
    "c00000b7": {
        "33": "mknodat", "92": "personality", "116": "syslog", "179": "sysinfo", "198": "socket",
        "203": "connect", "221": "execve", "279": "memfd_create", "280": "bpf", "281": "execveat",
    },
}  # fmt: skip
"""Architecture (x86-64, AArch64) -> number -> name, of the calls that rules name (`asm/unistd_64.h`)."""

_UNKNOWN = LogSource("linux", NO_CATEGORY, "auditd")
_CATEGORIES = {
    name: LogSource("linux", name, "auditd")
    for name in ("process_creation", "file_event", "file_delete", "network_connection")
}


def is_one(found: Mapping[str, object]) -> bool:
    """Say whether an object is an audit record: by its type, or because its text begins like one."""
    kind = found.get("type")
    if isinstance(kind, str) and kind.isupper():
        return is_stamp(found.get("msg")) or not _OF_RECORDS.isdisjoint(found)
    if any(is_line(found.get(name)) for name in _LINES):
        return True
    if "ID" in found:
        return any(name.isupper() and isinstance(value, dict | list) for name, value in found.items())
    return isinstance(found.get("messages"), list) and "sequence" in found


def is_line(text: object) -> bool:
    """Say whether a text is an audit record."""
    return isinstance(text, str) and text.startswith(("type=", "node=")) and "msg=audit(" in text[:200]


def is_stamp(text: object) -> bool:
    """Say whether a text is the time and number that every record begins with."""
    return isinstance(text, str) and text.startswith("audit(")


def reshaped(found: Mapping[str, object]) -> Reshaped:
    """Return the fields of an audit record, or of all records of one system call."""
    line = next((found[name] for name in _LINES if is_line(found.get(name))), None)
    if isinstance(line, str):
        return from_line(found, line)
    if isinstance(found.get("messages"), list):
        return _merged(found, _numbered(found["messages"]))
    if isinstance(at(found, "auditd"), dict):
        return _merged(found, _of_agent(found), at(found, "@timestamp"))
    if "ID" in found and "type" not in found:
        return _merged(found, _of_laurel(found), _stamp(found["ID"]))
    return _merged(found, [dict(found)], _stamp(found.get("msg")))


def from_line(found: Mapping[str, object], line: str) -> Reshaped:
    """Return the fields of a record that is a line of text in an object."""
    stamp = _STAMP.search(line)
    record = _pairs(line.replace("\x1d", " "))
    record.pop("msg", None)
    return _merged(found, [record], stamp and stamp[1])


def _pairs(line: str) -> dict[str, object]:
    fields: dict[str, object] = {}
    for name, value in _PAIR.findall(line.replace("msg='", " ")):
        if value[:1] in {'"', "'"}:
            fields[name] = value[1:-1]
        else:
            fields[name] = value
    kind = fields.get("type")
    for name, value in fields.items():
        argument = kind == "EXECVE" and _ARGUMENT.fullmatch(name)
        if (argument or name in _ENCODED) and f'{name}="' not in line:
            fields[name] = _plain(str(value))
    return fields


def _plain(value: str) -> str:
    """Return what hexadecimal digits stand for; what is none as it is."""
    if not _HEX.fullmatch(value):
        return value
    return bytes.fromhex(value).rstrip(b"\0").replace(b"\0", b" ").decode("utf-8", "replace")


def _numbered(messages: object) -> list[dict[str, object]]:
    records = []
    for message in messages if isinstance(messages, list) else []:
        if isinstance(message, dict) and isinstance(message.get("data"), str):
            number = message.get("type")
            kind = _NUMBERS.get(number, str(number)) if isinstance(number, int) else str(number)
            records.append(_pairs(f"type={kind} {message['data']}"))
    return records


def _of_laurel(found: Mapping[str, object]) -> list[dict[str, object]]:
    return [
        {"type": kind, **_lowered(record)}
        for kind, value in found.items()
        if kind.isupper()
        for record in (value if isinstance(value, list) else [value])
        if isinstance(record, dict)
    ]


def _lowered(record: Mapping[str, object]) -> dict[str, object]:
    """Return a record of Laurel with the audit system's names; what Laurel translated has the large ones."""
    made: dict[str, object] = {}
    for name, value in record.items():
        made.setdefault(name, value)
        made.setdefault(name.lower(), value)
    if isinstance(record.get("SYSCALL"), str):
        made["syscall"] = record["SYSCALL"]
    return made


def _of_agent(found: Mapping[str, object]) -> list[dict[str, object]]:
    """Return the records that Elastic's agent (or its audit module) made one event of."""
    data = at(found, "auditd.data") or at(found, "auditd.log")
    record = dict(data) if isinstance(data, dict) else {}
    kind = at(found, "auditd.message_type") or record.get("record_type") or at(found, "event.action")
    record["type"] = str(kind or "").upper()
    record.setdefault("exe", at(found, "process.executable"))
    record.setdefault("comm", at(found, "process.name"))
    record.setdefault("cwd", at(found, "process.working_directory"))
    records = [record]
    arguments = at(found, "process.args")
    if isinstance(arguments, list) and str(record.get("syscall")) in {"execve", "execveat", "None"}:
        records.append({"type": "EXECVE", "argv": arguments})
    paths = at(found, "auditd.paths")
    some = paths if isinstance(paths, list) else []
    return records + [{"type": "PATH", **path} for path in some if isinstance(path, dict)]


def _merged(
    found: Mapping[str, object], records: Iterable[dict[str, object]], time: object = None
) -> Reshaped:
    """Return one event's fields from its records; names that several use have all their values."""
    values: dict[str, list[object]] = {}
    for record in records:
        _spread(record)
        for name, value in record.items():
            known = values.setdefault(name, [])
            if value is not None and value not in known:
                known.append(value)
    fields = dict(found)
    for name, some in values.items():
        own = found.get(name)
        every = [own, *some] if isinstance(own, dict) and own not in some else some
        if every:
            fields[name] = every[0] if len(every) == 1 else every
    source = _category(values)
    fields.update({name: value for name, value in _sigma(values, source).items() if value})
    return Reshaped(fields, _CATEGORIES.get(source, _UNKNOWN), time)


def _spread(record: dict[str, object]) -> None:
    """Give each argument a name, as the audit system does, and a system call that has a number its name."""
    arguments = record.get("argv")
    if isinstance(arguments, list):
        record.update({f"a{i}": value for i, value in enumerate(arguments)})
    if record.get("type") != "SYSCALL":
        return
    record.pop("argv", None)
    record.pop("ARGV", None)
    for name in ("a0", "a1", "a2", "a3"):
        value = record.get(name)
        if isinstance(value, str):
            record[name] = value.removeprefix("0x")
    number = str(record.get("syscall", ""))
    names = _SYSCALLS.get(str(record.get("arch", "")).removeprefix("0x"), {})
    record.setdefault("SYSCALL", names.get(number, number) or None)


def _category(values: Mapping[str, list[object]]) -> str:
    kinds = values.get("type", [])
    if "EXECVE" in kinds:
        return "process_creation"
    if "SOCKADDR" in kinds and "connect" in values.get("SYSCALL", []):
        return "network_connection"
    made = values.get("nametype", [])
    if "PATH" in kinds and "CREATE" in made:
        return "file_event"
    return "file_delete" if "PATH" in kinds and "DELETE" in made else NO_CATEGORY


def _sigma(values: Mapping[str, list[object]], category: str) -> dict[str, object]:
    """Return what rules for a category call what is there."""

    def text(*names: str) -> str:
        return next((str(values[name][0]) for name in names if values.get(name)), "")

    fields: dict[str, object] = {
        "Image": text("exe"),
        "User": text("UID", "AUID"),
        "CurrentDirectory": text("cwd"),
    }
    if category == "process_creation":
        arguments = _arguments(values)
        fields["CommandLine"] = " ".join(arguments)
        if not fields["Image"] and arguments:  # rules ask how the path ends; the record has what was typed
            fields["Image"] = arguments[0] if "/" in arguments[0] else f"/{arguments[0]}"
        parent = next(iter(values.get("PPID", ())), None)
        if isinstance(parent, dict):  # Laurel's description of the parent
            fields["ParentImage"] = parent.get("exe")
    elif category == "network_connection":
        address = next(iter(values.get("SADDR", ())), None)
        if isinstance(address, dict):
            fields |= {"DestinationIp": address.get("addr"), "DestinationPort": address.get("port")}
            fields["Initiated"] = "true"
    elif category != NO_CATEGORY:
        fields["TargetFilename"] = values.get("name", [""])
    return fields


def _arguments(values: Mapping[str, list[object]]) -> list[str]:
    """Return the command's words. Of a name with two values, the last is the command's."""
    given = values.get("argv")
    if given and isinstance(given[0], list):
        return [str(word) for word in given[0]]
    words: list[str] = []
    while values.get(f"a{len(words)}"):
        words.append(str(values[f"a{len(words)}"][-1]))
    return words


def _stamp(text: object) -> str | None:
    """Return the seconds in `audit(TIME:SERIAL)` or `TIME:SERIAL`."""
    found = re.match(r"(?:audit\()?(\d{9,}(?:\.\d+)?):\d+", text) if isinstance(text, str) else None
    return found[1] if found else None
