"""Events of products beside Windows: each is known for what it is, and none makes decoding raise."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decode.agreement import assert_agreement, batch_of, taught_by
from tests.decode.events import event, outcome
from tests.decode.product_events import CASES, NAMES
from tocsin.decode.products import PRODUCTS
from tocsin.decode.shapes import JSON, SHAPES, shape_of
from tocsin.model import NO_CATEGORY, Event, LogSource, Rejected, RejectReason


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_every_products_events_are_known(case):
    """By their keys: the shape, and which log it is from."""
    found = shape_of(copy.deepcopy(case.event))
    assert found is not None
    assert found.name == case.shape
    assert event(case.event).logsource == case.source


def test_every_product_has_an_event_here():
    """No row of the table is untried."""
    assert {product.name for product in PRODUCTS} <= {case.shape for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_events_keep_their_own_names(case):
    """Sigma's names stand beside them, and what an object was is still to be found in it."""
    made = event(case.event)
    for name, value in case.event.items():
        kept = made.fields[name]
        assert kept == value or (isinstance(kept, list) and value in kept) or name in {"EventID", "data"}


def places(found: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the ways to everything in a JSON value."""
    items = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    return [way, *(place for key, inner in items for place in places(inner, (*way, key)))]


odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        [
            [],
            {},
            [[]],
            [{}],
            [None, 1, "x"],
            {"value": 1, "localizedValue": 2},
            "type=EXECVE msg=audit(1:2): a0=",
            "type= msg=audit(",
            "<Event><EventID>99999999999</EventID>",
            "audit(x",
            "%",
            "01/Xxx/2026:10:00:00 +0000",
        ]
    ),
    st.recursive(st.text(max_size=3), lambda inner: st.dictionaries(st.text(max_size=3), inner, max_size=3)),
)


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_no_value_of_any_kind_makes_decoding_raise(data):
    """Anything may stand anywhere in an event: it is an event all the same, or rejected with a reason."""
    found = copy.deepcopy(data.draw(st.sampled_from(CASES)).event)
    shape = data.draw(st.sampled_from([None, *(shape.name for shape in SHAPES)]))
    for _ in range(data.draw(st.integers(1, 3))):
        way = data.draw(st.sampled_from([place for place in places(found) if place] or [("x",)]))
        inner: Any = found
        for key in way[:-1]:
            inner = inner[key]
        inner[way[-1]] = copy.deepcopy(data.draw(odd))
    made = outcome(found, shape)
    assert isinstance(made, Event | Rejected)
    if isinstance(made, Event):
        texts = (made.event_id, made.timestamp, made.user, made.host, made.source_ip, made.event_type)
        assert all(type(text) is str for text in texts)


def test_an_object_that_is_nothing_known_is_an_event_of_an_unknown_log():
    """So that rules for one's own logs run."""
    assert shape_of({"colour": "red"}) is JSON
    made = event({"colour": "red", "time": "2026-05-01T10:00:00Z"})
    assert made.logsource == LogSource()
    assert (made.event_type, made.timestamp) == ("json", "2026-05-01T10:00:00Z")


@pytest.mark.parametrize("key", ["Records", "records"])
def test_a_batch_of_events_in_one_record_is_rejected(key):
    """One record has one verdict, so that many events in it would be mixed up."""
    made = outcome({key: [{"eventSource": "x"}, {"eventSource": "y"}]})
    assert isinstance(made, Rejected)
    assert made.reason is RejectReason.UNKNOWN_SHAPE
    assert f"not one event but 2 under '{key}'" in made.detail
    assert isinstance(outcome({key: ["a"]}), Event)


@pytest.mark.parametrize(
    ("program", "facility", "message", "wanted"),
    [
        ("sshd[77]:", None, "x", LogSource("linux", NO_CATEGORY, "sshd")),
        ("/usr/sbin/CRON", None, "x", LogSource("linux", NO_CATEGORY, "cron")),
        ("nginx", None, "x", LogSource("linux", "webserver", "nginx")),
        ("thing", "authpriv", "x", LogSource("linux", NO_CATEGORY, "auth")),
        ("thing", "user", "x", LogSource(None, NO_CATEGORY, "syslog")),
        ("thing", "user", "a: %SYS-5-CONFIG_I: Configured", LogSource("cisco", NO_CATEGORY)),
        ("clamd", None, "all is well", LogSource("linux", NO_CATEGORY, "clamav")),
    ],
)
def test_the_program_tells_which_log_a_line_is_in(program, facility, message, wanted):
    """Else its facility, or the code that Cisco's messages begin with."""
    found = {"program": program, "message": message, "facility": facility}
    assert event(found).logsource == wanted


def test_arguments_in_hexadecimal_digits_are_text_again():
    """The audit system writes what is not plain text like this; what stands in quotes is as it is."""
    line = 'type=EXECVE msg=audit(1.0:1): argc=2 a0="ABBA" a1=2F746D702F6120622E747874'
    made = event({"message": line})
    assert (made.fields["a0"], made.fields["a1"]) == ("ABBA", "/tmp/a b.txt")
    assert made.fields["CommandLine"] == "ABBA /tmp/a b.txt"


def test_objects_can_be_searched_as_text_and_by_their_fields():
    """Rules do both with what a call to a cloud was about."""
    found = next(case.event for case in CASES if case.name == "CloudTrail")
    value = event(found).fields["requestParameters"]
    assert isinstance(value, list)
    assert value[0] == found["requestParameters"]
    assert json.loads(value[1]) == value[0]


@pytest.mark.parametrize("name", ["web server: IIS", "web server: nginx", "web server: a request line"])
def test_rules_for_web_servers_find_the_path_in_the_query(name):
    """They look for it in `cs-uri-query`, which by its definition begins after the question mark."""
    found = next(case.event for case in CASES if case.name == name)
    fields = event(found).fields
    both = fields["cs-uri-query"]
    path = found.get("cs-uri-stem") or found.get("request_uri") or found["request"]
    assert path in (both if isinstance(both, list) else [both])


def test_columns_say_the_same_of_every_product():
    """However often such events come, and whatever lies between them."""
    payloads = [json.dumps(case.event).encode() for case in CASES]
    fields = {name for case in CASES for name in event(case.event).fields} | {
        "protoPayload.methodName",
        "userIdentity.type",
        "CommandLine",
        "nothing",
    }
    decoder = taught_by(payloads, sorted(fields))
    for _ in range(3):
        assert_agreement(decoder, batch_of([*payloads, *reversed(payloads)]))
