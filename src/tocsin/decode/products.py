"""What products other than Windows write as JSON: how each is known, and what rules call its fields.

The table is `products.toml`. What a table cannot say, such as that a line of text holds the fields, is said
by a *reshaping*: a function that gives the fields that rules read, and the log source.
"""

from __future__ import annotations

import pkgutil
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from tocsin.decode import auditd, azure, clouds, sensors, syslog, web
from tocsin.decode.paths import at, first, text_at
from tocsin.decode.reshaped import Reshaped
from tocsin.decode.times import from_milliseconds, iso_8601
from tocsin.model import NO_CATEGORY, Event, LogSource

Reshape = Callable[[Mapping[str, object]], Reshaped]
"""From an object to the fields that it has for rules; never raises."""

Check = Callable[[Mapping[str, object]], bool]
"""Whether an object that has the keys of a product is of that product; a look-up or two."""

_RESHAPE: dict[str, Reshape] = {
    "auditd": auditd.reshaped,
    "azure": azure.reshaped,
    "falco": sensors.falco,
    "fortigate": sensors.fortigate,
    "gcp": clouds.google,
    "github": clouds.github,
    "kubernetes": clouds.kubernetes,
    "m365": clouds.microsoft,
    "osquery": sensors.osquery,
    "syslog": syslog.reshaped,
    "web": web.reshaped,
    "workspace": clouds.workspace,
    "zeek": sensors.zeek,
}

_CHECK: dict[str, Check] = {
    "auditd": auditd.is_one,
    "gcp": clouds.is_google,
    "github": clouds.is_github,
    "m365": clouds.is_microsoft,
    "workspace": clouds.is_workspace,
}

_LONGEST_TYPE = 80
"""Characters of an event type, part of which the event itself says."""


@dataclass(frozen=True, slots=True)
class Product:
    """How one product writes events.

    Attributes:
        name: what `--shape` calls it.
        title: in a few words, for a human.
        signs: an object that has all keys of one of these may be of this product.
        source: which log it is, where no reshaping says it more exactly.
        names: Sigma's field -> where it stands; the first that is there.
        as_text: objects and lists that rules also read as JSON text.
        datasets: what Elastic's agents call it, and `ecs` as `names` for events that came through them.
    """

    name: str
    title: str
    signs: tuple[tuple[str, ...], ...]
    source: LogSource
    names: Mapping[str, tuple[str, ...]]
    as_text: tuple[str, ...]
    time: tuple[str, ...]
    user: tuple[str, ...]
    host: tuple[str, ...]
    source_ip: tuple[str, ...]
    type: tuple[str, ...]
    datasets: tuple[str, ...]
    ecs: Mapping[str, tuple[str, ...]]
    reshape: Reshape | None
    check: Check | None

    def named(self, fields: dict[str, object]) -> None:
        """Put Sigma's names beside the fields' own; their own win."""
        for ours, theirs in self.names.items():
            if ours not in fields:
                value = first(fields, theirs)
                if value is not None:
                    fields[ours] = value
        for name in self.as_text:
            value = at(fields, name)
            if isinstance(value, dict | list) and value:
                fields[name] = [value, msgspec.json.encode(value).decode("utf-8")]

    def to_event(self, found: dict[str, object], event_id: str, recorded: int) -> Event:
        """Return the event.

        Args:
            found: the object.
            event_id: of the record.
            recorded: the broker's timestamp, for an event without a time.
        """
        made = self.reshape(found) if self.reshape else Reshaped(dict(found), self.source)
        self.named(made.fields)
        time = iso_8601(made.time or first(found, self.time))
        return Event(
            event_id=event_id,
            timestamp=time or from_milliseconds(recorded),
            user=text_at(made.fields, ("User", *self.user)) or text_at(found, self.user),
            host=text_at(found, self.host),
            source_ip=text_at(made.fields, self.source_ip),
            event_type=self._type(made),
            fields=made.fields,
            logsource=made.source,
        )

    def _type(self, made: Reshaped) -> str:
        """Return what kind of event it is: Sigma's category, else what the log calls it."""
        category = made.source.category
        if category and category != NO_CATEGORY and made.source.product in _WITH_CATEGORIES:
            return category
        said = text_at(made.fields, self.type)
        service = made.source.service
        log = service if service and service not in _VAGUE else self.name
        return f"{log}/{said}"[:_LONGEST_TYPE] if said and said != log else log


_WITH_CATEGORIES = frozenset({"linux", "macos", "windows"})
_VAGUE = frozenset({"audit", "event", "falco", "http", "osquery", "traffic"})
"""Services of so many products that they say nothing without them."""


def product_of(found: Mapping[str, object]) -> Product | None:
    """Return the product that wrote an object, or None when it is not known."""
    for sign, rest, product in _SIGNS:
        if sign not in found or not all(key in found for key in rest):
            continue
        if product.check is None or product.check(found):
            return product
    return None


def product_of_dataset(dataset: str) -> Product | None:
    """Return the product whose events Elastic's agents call by a name."""
    return _DATASETS.get(dataset)


def _product(entry: dict[str, Any]) -> Product:
    def paths(key: str) -> tuple[str, ...]:
        return tuple(entry.get(key, ()))

    def names(key: str) -> dict[str, tuple[str, ...]]:
        given: dict[str, str | list[str]] = entry.get(key, {})
        return {
            ours: (theirs,) if isinstance(theirs, str) else tuple(theirs) for ours, theirs in given.items()
        }

    source = entry.get("source", {})
    return Product(
        name=entry["name"],
        title=entry["title"],
        signs=tuple(tuple(sign.split("+")) for sign in entry["signs"]),
        source=LogSource(source.get("product"), source.get("category", NO_CATEGORY), source.get("service")),
        names=names("names"),
        as_text=paths("as_text"),
        time=paths("time"),
        user=paths("user"),
        host=paths("host"),
        source_ip=paths("source_ip"),
        type=paths("type"),
        datasets=paths("datasets"),
        ecs=names("ecs"),
        reshape=_RESHAPE.get(entry["name"]),
        check=_CHECK.get(entry["name"]),
    )


def _read() -> tuple[Product, ...]:
    text = pkgutil.get_data(__package__, "products.toml")
    assert text is not None, "every loader that can import this package can read its data"
    return tuple(_product(entry) for entry in tomllib.loads(text.decode("utf-8"))["product"])


PRODUCTS = _read()
"""In the order in which they are tried."""

_SIGNS = tuple((sign[0], sign[1:], product) for product in PRODUCTS for sign in product.signs)
_DATASETS = {dataset: product for product in PRODUCTS for dataset in product.datasets}
