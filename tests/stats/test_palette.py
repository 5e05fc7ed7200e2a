"""The colours of the tactics: one each, and told apart by everybody."""

import numpy as np
import pytest

from tocsin.attack import catalogue
from tocsin.stats.palette import NO_DETECTION, TACTICS, UNKNOWN, colour

# Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency"
# (2009), severity 1.0, on linear sRGB.
SEEN_AS = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}

# Björn Ottosson, "A perceptual color space for image processing" (2020): linear sRGB to OKLab.
TO_LMS = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
TO_OKLAB = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
]


def distances(colours: list[str], seen_as: str) -> np.ndarray:
    """Return the OKLab distances of all pairs of colours, as such eyes see them."""
    srgb = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in colours])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(SEEN_AS[seen_as]).T, 0, 1)
    lab = np.cbrt(seen @ np.array(TO_LMS).T) @ np.array(TO_OKLAB).T
    apart: np.ndarray = np.linalg.norm(lab[:, None] - lab[None], axis=2)
    return apart


def test_every_tactic_has_a_colour_in_the_order_of_the_kill_chain():
    """Of the catalogue's version, none missing and none left over."""
    assert list(TACTICS) == [tactic.id for tactic in catalogue().tactics]


@pytest.mark.parametrize("seen_as", SEEN_AS)
def test_any_two_colours_can_be_told_apart(seen_as):
    """By four times what can just be seen, whatever the eyes; "no detection" too."""
    found = distances([*TACTICS.values(), NO_DETECTION], seen_as)
    assert found[~np.eye(len(found), dtype=bool)].min() >= 0.08


@pytest.mark.parametrize("seen_as", SEEN_AS)
def test_neighbours_in_the_kill_chain_differ_most(seen_as):
    """They lie on top of each other in the stack."""
    assert np.diagonal(distances(list(TACTICS.values()), seen_as), 1).min() >= 0.19


@pytest.mark.parametrize("tactic", ["TA0000", ""])
def test_events_without_a_tactic_are_grey(tactic):
    """Neutral: nothing was found."""
    assert colour(tactic) == NO_DETECTION


def test_a_tactic_of_another_matrix_has_a_colour():
    """One for all of them."""
    assert colour("TA0100") == UNKNOWN not in TACTICS.values()
