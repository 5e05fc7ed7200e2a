"""The one frozen settings object, read once: defaults < `tocsin.toml` < environment `TOCSIN_*` < flags.

The structs below are the single list of settings: flags, variables, the file's keys, `config show` and the
documentation are derived from them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from tocsin.decode import limits
from tocsin.decode.limits import DEFAULT
from tocsin.errors import SettingsError, nearest
from tocsin.secret import is_secret

DEFAULT_FILE = Path("tocsin.toml")

Layer = Literal["default", "file", "environment", "flag"]


class Kafka(msgspec.Struct, frozen=True):
    """Which topic on which cluster, and as whom."""

    bootstrap_servers: Annotated[
        str, Meta(description="Brokers to ask first, as host:port, separated by commas.")
    ] = "127.0.0.1:9092"
    topic: Annotated[str, Meta(description="Topic that the raw events are in.", min_length=1)] = "raw-events"
    partitions: Annotated[
        int, Meta(description="Partitions of the topic when it has to be created.", ge=1, le=10_000)
    ] = 4
    group: Annotated[str, Meta(description="Consumer group of the workers.", min_length=1)] = (
        "packet-classifier"
    )
    client: Annotated[
        dict[str, str],
        Meta(
            description="Any librdkafka property, such as security.protocol=SASL_SSL.",
            extra={"flag": "-X"},
        ),
    ] = msgspec.field(default_factory=dict)
    group_instance_id: Annotated[
        str,
        Meta(
            description="Name of this worker as a static member: its partitions wait for it when it restarts."
        ),
    ] = ""
    on_gap: Annotated[
        Literal["stop", "continue"],
        Meta(description="When records were removed before they were read: stop, or note it and go on."),
    ] = "stop"


class Worker(msgspec.Struct, frozen=True):
    """How much a worker holds, and how long it waits for what."""

    queue_rows: Annotated[
        int, Meta(description="Records that may wait for a sink before no more are read...", ge=1)
    ] = 50_000
    queue_megabytes: Annotated[int, Meta(description="... or so many of their bytes.", ge=1)] = 64
    revoke_seconds: Annotated[
        float, Meta(description="Finish partitions that go to another worker within this.", ge=0)
    ] = 10.0
    drain_seconds: Annotated[
        float, Meta(description="Finish everything within this when told to stop.", ge=0)
    ] = 30.0
    patience_seconds: Annotated[
        float, Meta(description="Stop when a store has been away, or its disk full, for so long.", ge=0)
    ] = 60.0


class Health(msgspec.Struct, frozen=True):
    """What a worker answers to whoever looks after it."""

    listen: Annotated[
        str,
        Meta(
            description="Answer /healthz and /readyz at this host:port; empty for not.",
            extra={"flag": "--health-listen"},
        ),
    ] = ""
    stuck_seconds: Annotated[
        float,
        Meta(
            description="Not healthy when the loop, or a sink, has been at one thing for longer.",
            gt=0,
            extra={"flag": "--health-stuck-seconds"},
        ),
    ] = 120.0


class Results(msgspec.Struct, frozen=True):
    """Where verdicts are kept."""

    dir: Annotated[
        str,
        Meta(description="Folder of the results table and the dead letters.", extra={"flag": "--results"}),
    ] = "data/results"
    csv: Annotated[
        str, Meta(description="The one-line-per-event CSV; empty for none.", extra={"flag": "--csv"})
    ] = "data/classified_packets.csv"
    keep_events: Annotated[
        Literal["detected", "all", "none"],
        Meta(description="Raw events kept beside their verdicts; 'detected' is above informational."),
    ] = "detected"
    commit_rows: Annotated[int, Meta(description="Commit after this many events...", ge=1)] = 20_000
    commit_seconds: Annotated[float, Meta(description="... or after this long.", gt=0)] = 0.5
    dead_letter_megabytes: Annotated[
        int,
        Meta(description="Dead letters kept whole per worker and hour; of more, only a hash.", ge=0),
    ] = 1_000


class Publish(msgspec.Struct, frozen=True):
    """The topics that verdicts are published to, in transactions; see docs/messages.md."""

    detections_topic: Annotated[
        str, Meta(description="Topic that gets a message for every detection; empty for none.")
    ] = ""
    classified_topic: Annotated[
        str, Meta(description="Topic that gets a message for every event; empty for none.")
    ] = ""
    classified_raw: Annotated[
        bool, Meta(description="Put the event as it was read into the messages of the classified topic.")
    ] = False
    dead_letters_topic: Annotated[
        str, Meta(description="Topic that gets the records that are not events; empty for none.")
    ] = ""
    backfill: Annotated[
        bool,
        Meta(description="Begin publishing at the log's start when it is new, not where the results are."),
    ] = False
    seconds: Annotated[
        float,
        Meta(description="Publish what is held after so long.", gt=0, extra={"flag": "--publish-seconds"}),
    ] = 0.05


class Rules(msgspec.Struct, frozen=True):
    """Which rules judge the events."""

    paths: Annotated[
        list[str],
        Meta(description="Sigma rules: a file, a folder, a zip, or builtin:NAME.", extra={"flag": "--rules"}),
    ] = msgspec.field(default_factory=lambda: ["builtin:lab", "builtin:windows"])
    pipelines: Annotated[
        list[str],
        Meta(
            description="pySigma processing pipelines that change the rules: a file, a folder, or a name.",
            extra={"flag": "--pipeline"},
        ),
    ] = msgspec.field(default_factory=list)
    placeholders: Annotated[
        dict[str, list[str]],
        Meta(
            description="Values of the placeholders in rules: what |expand puts in the place of %NAME%.",
            extra={"flag": "--placeholder"},
        ),
    ] = msgspec.field(default_factory=dict)
    reload_seconds: Annotated[
        float,
        Meta(description="Look for changed rules so often and swap them in; 0 for only on SIGHUP.", ge=0),
    ] = 5.0


class Limits(msgspec.Struct, frozen=True):
    """What a record may be; one that is beyond goes to the dead letters, which say so."""

    record_bytes: Annotated[
        int, Meta(description="Largest record.", ge=1, le=2**30, extra={"flag": "--limit-record-bytes"})
    ] = DEFAULT.record_bytes
    depth: Annotated[
        int,
        Meta(
            description="Objects and arrays inside one another.",
            ge=1,
            le=500,
            extra={"flag": "--limit-depth"},
        ),
    ] = DEFAULT.depth
    text_characters: Annotated[
        int, Meta(description="Longest text.", ge=1, extra={"flag": "--limit-text-characters"})
    ] = DEFAULT.text_characters
    values: Annotated[
        int,
        Meta(description="Fields and items of arrays in all.", ge=1, extra={"flag": "--limit-values"}),
    ] = DEFAULT.values


class Broker(msgspec.Struct, frozen=True):
    """The embedded Kafka for laptops and tests."""

    engine: Annotated[
        Literal["auto", "apache", "tansu"],
        Meta(description="apache (real Kafka on Java), tansu (in memory), or auto."),
    ] = "auto"
    data: Annotated[str, Meta(description="Folder of the embedded broker's data.")] = "data/broker"
    port: Annotated[int, Meta(description="Port on loopback; 0 picks a free one.", ge=0, le=65_535)] = 9092


class Settings(msgspec.Struct, frozen=True):
    """All settings, by section."""

    kafka: Kafka = Kafka()
    worker: Worker = Worker()
    results: Results = Results()
    publish: Publish = Publish()
    rules: Rules = Rules()
    limits: Limits = Limits()
    health: Health = Health()
    broker: Broker = Broker()


def limits_of(settings: Settings) -> limits.Limits:
    """Return what the settings allow a record to be."""
    return limits.Limits(**msgspec.structs.asdict(settings.limits))


@dataclass(frozen=True, slots=True)
class Spec:
    """What is known about one setting: its name in every place where it can be set."""

    section: str
    name: str
    type: Any
    default: Any
    description: str
    flag: str

    @property
    def key(self) -> str:
        """Return the key as the file and `config show` write it."""
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """Return the environment variable."""
        return f"TOCSIN_{self.section}_{self.name}".upper()

    @property
    def is_list(self) -> bool:
        """Say whether the setting takes several values."""
        return get_origin(self.type) is list

    @property
    def is_table(self) -> bool:
        """Say whether the setting is a table of free keys."""
        return get_origin(self.type) is dict

    @property
    def is_table_of_lists(self) -> bool:
        """Say whether each key of the table has several values."""
        return self.is_table and get_origin(get_args(self.type)[1]) is list

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the legal values of a setting that has only a few."""
        return get_args(self.type) if get_origin(self.type) is Literal else ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings with the layer that set each value.

    Attributes:
        origins: key -> layer, and the file's path or the variable's or flag's name.
    """

    settings: Settings
    origins: Mapping[str, tuple[Layer, str]] = field(default_factory=dict)


def specs() -> Iterator[Spec]:
    """Yield every setting, section by section, in the order of this module."""
    for section in msgspec.structs.fields(Settings):
        hints = get_type_hints(section.type, include_extras=True)
        for item in msgspec.structs.fields(section.type):
            bare, meta = get_args(hints[item.name])
            yield Spec(
                section=section.name,
                name=item.name,
                type=bare,
                default=getattr(section.default, item.name),
                description=cast(str, meta.description),
                flag=(meta.extra or {}).get("flag", "--" + item.name.replace("_", "-")),
            )


def spec(key: str) -> Spec:
    """Return the setting named `key`, such as `kafka.topic`."""
    return next(s for s in specs() if s.key == key)


def load(file: Path | None, environment: Mapping[str, str], flags: Mapping[str, object]) -> Loaded:
    """Merge the layers and check every value.

    Args:
        file: the file to read; None for `tocsin.toml` in the working folder, if it is there.
        environment: the process's variables; those that begin with `TOCSIN_` are settings.
        flags: key -> value as given on the command line; only those that were given.

    Raises:
        SettingsError: an unknown key or variable, or a value of the wrong kind, with its place.
    """
    merged: dict[str, dict[str, object]] = {}
    origins: dict[str, tuple[Layer, str]] = {}
    known = {s.key: s for s in specs()}
    for layer, place, key, value in (*_from_file(file), *_from_environment(environment), *_from_flags(flags)):
        if key not in known:
            kind = "variable" if layer == "environment" else "setting"
            raise SettingsError(
                f"{place}: unknown {kind} {key!r}", nearest(key, known) or "see: tocsin config show"
            )
        found = known[key]
        section = merged.setdefault(found.section, {})
        checked = _checked(found, value, place)
        if found.is_table:  # layers add to a table; they do not replace it
            checked = {
                **cast(dict[str, object], section.get(found.name, {})),
                **cast(dict[str, object], checked),
            }
        section[found.name] = checked
        origins[key] = (layer, place)
    sections = {
        s.name: msgspec.structs.replace(s.default, **merged.get(s.name, {}))
        for s in msgspec.structs.fields(Settings)
    }
    return Loaded(Settings(**sections), origins)


def shown(spec_: Spec, value: object) -> str:
    """Return a value for printing; what may be a secret is named, never printed."""
    if spec_.is_table_of_lists:
        lists = cast(dict[str, list[str]], value).items()
        return ", ".join(f"{key}={each}" for key, values in sorted(lists) for each in values)
    if spec_.is_table:
        pairs = cast(dict[str, str], value).items()
        return ", ".join(f"{k}={'(secret)' if is_secret(k) else v}" for k, v in sorted(pairs))
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(cast(list[str], value)) if spec_.is_list else str(value)


Found = tuple[Layer, str, str, object]


def _from_file(file: Path | None) -> Iterator[Found]:
    path = file or DEFAULT_FILE
    if file is None and not path.exists():
        return
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from error
    sections = {s.section for s in specs()}
    for section, table in document.items():
        if section not in sections:
            raise SettingsError(f"{path}: unknown section [{section}]", nearest(section, sections))
        if not isinstance(table, dict):
            raise SettingsError(f"{path}: [{section}] must be a table, got {table!r}")
        for name, value in table.items():
            yield "file", _place_in(path, text, section, name), f"{section}.{name}", value


def _place_in(path: Path, text: str, section: str, name: str) -> str:
    """Return `file:line` of a key; the section's line decides between keys of the same name."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\s*([\w-]+)", line)
        if header:
            inside = header[1] == section
        if re.match(rf"\s*(\[?\s*{section}\.)?{re.escape(name)}\b", line) and (inside or section in line):
            return f"{path}:{number}"
    return str(path)


def _from_environment(environment: Mapping[str, str]) -> Iterator[Found]:
    by_variable = {s.variable: s for s in specs()}
    tables = [s for s in by_variable.values() if s.is_table and not s.is_table_of_lists]
    for variable in sorted(v for v in environment if v.startswith("TOCSIN_") and v not in NOT_SETTINGS):
        value = environment[variable]
        table = next((t for t in tables if variable.startswith(t.variable + "_")), None)
        if table is not None:
            property_ = variable.removeprefix(table.variable + "_").lower().replace("_", ".")
            yield "environment", variable, table.key, {property_: value}
        elif variable in by_variable:
            found = by_variable[variable]
            if found.is_table_of_lists:
                yield "environment", variable, found.key, _table_in(variable, value)
                continue
            yield "environment", variable, found.key, value.split(",") if found.is_list else value
        else:
            hint = nearest(variable, by_variable) or "see: tocsin config show"
            raise SettingsError(f"unknown variable {variable}", hint)


def _table_in(variable: str, text: str) -> object:
    """Return a table whose keys variables could not spell: they are JSON, `{"name": ["value"]}`."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise SettingsError(f"{variable}: not JSON: {error}", 'such as {"name": ["one", "two"]}') from error


NOT_SETTINGS = frozenset({"TOCSIN_CACHE", "TOCSIN_CONFIG", "TOCSIN_CORPORA"})
"""Variables read elsewhere: where downloads are cached, which file to read, where the tests find corpora."""


def _from_flags(flags: Mapping[str, object]) -> Iterator[Found]:
    for key, value in flags.items():
        yield "flag", spec(key).flag if key in {s.key for s in specs()} else key, key, value


def _checked(found: Spec, value: object, place: str) -> object:
    if found.is_table and isinstance(value, dict):
        value = dict(_properties(value))
    hints = get_type_hints(_section(found.section), include_extras=True)
    try:
        return msgspec.convert(value, hints[found.name], strict=False)
    except msgspec.ValidationError as error:
        hint = f"one of: {', '.join(found.choices)}" if found.choices else ""
        shown_ = "" if found.is_table else f" = {value!r}"  # there may be secrets in a table
        raise SettingsError(f"{place}: {found.key}{shown_}: {error}", hint) from None


def _properties(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield what TOML makes of `sasl.password = "..."` as one key, and numbers and truth values as text."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _properties(value, f"{prefix}{key}.")
        elif isinstance(value, bool):
            yield prefix + key, str(value).lower()
        else:
            yield prefix + key, str(value) if isinstance(value, int | float) else value


def _section(name: str) -> type[msgspec.Struct]:
    fields = {s.name: s.type for s in msgspec.structs.fields(Settings)}
    return cast(type[msgspec.Struct], fields[name])
