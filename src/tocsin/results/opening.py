"""Opens a table of the results for writing: makes it, knows whose it is, and brings an old one up to date."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.schema import Schema

from tocsin.errors import SettingsError
from tocsin.results.damage import damage_of, is_cut_short
from tocsin.results.location import Location, is_full, plainly, refusal

_ATTEMPTS = 10
"""How often columns are added: other workers that start, or commit, can win the race more than once."""

_RETENTION = {
    "delta.logRetentionDuration": "interval 10 minutes",
    "delta.deletedFileRetentionDuration": "interval 90 minutes",
}
"""Properties of the table, which may be changed by whoever needs to look further back.

Single commits stay in the log so long after a checkpoint has them: each costs every later commit 3 us. That a
file was replaced is remembered so long: longer than upkeep keeps the file, or it would forget to delete it.
"""


@dataclass(frozen=True, slots=True)
class Origin:
    """The topic whose records a table holds; a topic deleted and made again is another one.

    Attributes:
        cluster: the Kafka cluster's id.
        topic: the topic's name.
        topic_id: the topic's id, which is never used again.
        replay: which stretch of the topic was classified again, by whoever did that; empty for what workers
            of the group keep, who have it all. The two never write to one another's results.
    """

    cluster: str
    topic: str
    topic_id: str
    replay: str = ""

    def __str__(self) -> str:
        kind = "a replay of " if self.replay else ""
        return f"{kind}topic {self.topic!r} ({self.topic_id}) of cluster {self.cluster}"

    def application(self, partition: int) -> str:
        """Return the id of the application transaction that holds a partition's position."""
        return f"{self.cluster}/{self.topic_id}/{partition}"


def opened(place: Location, schema: pa.Schema, origin: Origin) -> DeltaTable:
    """Return the table at a place, made if there is none, with every column that is to be written.

    Raises:
        SettingsError: the place is not writable, its log is damaged, or the results are another topic's.
    """
    try:
        if not place.is_remote:
            place.path.mkdir(parents=True, exist_ok=True)
            _check_sound(place)
        table = _created(place, schema, json.dumps({"tocsin": asdict(origin)}))
        _check_origin(table, place, origin)
        return _evolved(table, place, schema)
    except (OSError, DeltaError) as error:
        reason = refusal(place, error)
        if place.is_remote or is_full(error) or damage_of(place.path):
            raise SettingsError(reason.problem, reason.hint) from error
        raise SettingsError(
            f"{place}: cannot be written: {plainly(error)}", "choose another folder with --results"
        ) from error


def _check_sound(place: Location) -> None:
    """Refuse a table of which the log was removed, and one whose last commit was cut to nothing.

    The library would take the first for no table, and the second for a commit without rows.
    """
    damage = is_cut_short(place.path, place.opened().version()) if place.is_table() else damage_of(place.path)
    if damage:
        raise SettingsError(*damage)


def _check_origin(table: DeltaTable, place: Location, origin: Origin) -> None:
    held = origin_in(table)
    if held != origin:
        another = "" if held is None or str(held) != str(origin) else "another stretch: "
        raise SettingsError(
            f"{place}: holds the results of {held or 'another program'}, not of {another}{origin}",
            "a topic made anew is another topic, and a replay is kept apart: choose another folder with"
            " --results (and --csv)",
        )


def _created(place: Location, schema: pa.Schema, description: str) -> DeltaTable:
    """Create a table, or open the one that is there."""
    try:
        return DeltaTable.create(
            place.text,
            schema=schema,
            mode="ignore",
            name=f"tocsin {place.name}",
            description=description,
            configuration=_RETENTION,
            storage_options=place.options,
        )
    except DeltaError:
        if not DeltaTable.is_deltatable(place.text, storage_options=place.options):
            raise
        return place.opened()  # another worker has created it at the same moment


def _evolved(table: DeltaTable, place: Location, schema: pa.Schema) -> DeltaTable:
    """Give a table that an older version of tocsin has made the columns and properties of this one."""
    for _ in range(_ATTEMPTS):
        has = pa.schema(table.schema().to_arrow())
        missing = [field for field in schema if field.name not in has.names]
        settled = _RETENTION.keys() <= table.metadata().configuration.keys()
        if not missing and settled:
            return table
        try:
            if missing:
                table.alter.add_columns(list(Schema.from_arrow(pa.schema(missing)).fields))
            if not settled:
                table.alter.set_table_properties(_RETENTION)
        except CommitFailedError:  # another worker does the same, or commits
            table = place.opened()
    return table


def origin_in(table: DeltaTable) -> Origin | None:
    """Return whose results an open table has, if Tocsin made it."""
    try:
        return Origin(**json.loads(table.metadata().description)["tocsin"])
    except (TypeError, ValueError, KeyError):
        return None
