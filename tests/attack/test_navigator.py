"""A layer opens in the ATT&CK Navigator and shows what was counted."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from tocsin.attack import catalogue
from tocsin.attack.navigator import layer


def test_a_layer_of_two_techniques() -> None:
    """Scores and comments sit on their cells; the gradient ends at the highest score."""
    made = layer("Last week", {"T1110": 7, "T1059.001": 40}, {"T1110": "three hosts"}, "Detections")
    assert (made["name"], made["description"], made["domain"]) == (
        "Last week",
        "Detections",
        "enterprise-attack",
    )
    assert made["versions"] == {"attack": "19", "navigator": "5.0.0", "layer": "4.5"}
    assert made["techniques"] == [
        {"techniqueID": "T1059.001", "score": 40, "comment": ""},
        {"techniqueID": "T1110", "score": 7, "comment": "three hosts"},
    ]
    assert (made["gradient"]["minValue"], made["gradient"]["maxValue"]) == (0, 40)


def test_withdrawn_ids_count_for_their_successors() -> None:
    """Results of years ago show up where the techniques are today."""
    made = layer("Old and new", {"T1086": 2, "T1059.001": 3}, {"T1086": "old", "T1059.001": "new"})
    assert made["techniques"] == [{"techniqueID": "T1059.001", "score": 5, "comment": "old\nnew"}]


def test_what_has_no_cell_is_left_out() -> None:
    """No detection, tactics and unknown ids are not techniques."""
    assert layer("Nothing", {"T0000": 900, "TA0002": 4, "T9999": 1})["techniques"] == []


@given(
    st.dictionaries(
        st.sampled_from(sorted(catalogue().techniques)), st.floats(allow_nan=False, allow_infinity=False)
    )
)
def test_any_scores_make_a_valid_layer(scores: dict[str, float]) -> None:
    """It is plain JSON, and the gradient's maximum lies above its minimum, as the format demands."""
    made = json.loads(json.dumps(layer("Any", scores), allow_nan=False))
    assert {t["techniqueID"]: t["score"] for t in made["techniques"]} == scores
    assert made["gradient"]["minValue"] < made["gradient"]["maxValue"]
    assert all(made["gradient"]["minValue"] <= s <= made["gradient"]["maxValue"] for s in scores.values())
