"""`tocsin score`: compare what was detected with the ground truth of a simulation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from tocsin.app.cli.options import takes
from tocsin.app.cli.output import FORMATS, emit, notice
from tocsin.app.settings import Loaded
from tocsin.attack import catalogue
from tocsin.errors import ExitCode
from tocsin.model import Level
from tocsin.simulate.files import read_truth
from tocsin.stats.score import Recall, Score, judgements_of
from tocsin.stats.score import score as compare

_LEVELS = [str(level) for level in Level]


@click.command()
@takes("results.dir")
@click.option(
    "--truth",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="What tocsin produce --truth wrote while it made the events.",
)
@click.option(
    "--level",
    type=click.Choice(_LEVELS),
    default="medium",
    show_default=True,
    help="Detections below this level do not count.",
)
@click.option(
    "--min-recall",
    type=click.FloatRange(0, 1),
    help="Exit with 1 if a smaller share of the malicious steps was found.",
)
@click.option(
    "--max-false-positives",
    type=click.FloatRange(min=0),
    help="Exit with 1 if more of a thousand ordinary events were detected.",
)
@FORMATS
def score(
    *,
    loaded: Loaded,
    truth: Path,
    level: str,
    min_recall: float | None,
    max_false_positives: float | None,
    format_: str | None,
) -> int:
    """Compare what was detected with the ground truth of a simulation.

    The results must be of that simulation alone: all events that the truth does not name count as ordinary.
    """
    found = compare(read_truth(truth), judgements_of(loaded.settings.results.dir, Level[level.upper()]))
    for title, columns, rows in _tables(found):
        emit(rows, format_, columns=columns, title=title)
    _summary(found)
    too_blind = min_recall is not None and found.total.recall < min_recall
    too_noisy = max_false_positives is not None and found.false_positives_per_thousand > max_false_positives
    return ExitCode.FINDINGS if too_blind or too_noisy else ExitCode.OK


def _tables(found: Score) -> Iterator[tuple[str, Sequence[str], list[dict[str, Any]]]]:
    share = ("steps", "found", "recall_percent")
    names = catalogue()
    yield "Scenarios", ("scenario", *share), [_row("scenario", r) for r in found.scenarios]
    yield (
        "Techniques",
        ("technique", "name", *share),
        [{**_row("technique", r), "name": names.name(r.name)} for r in found.techniques],
    )
    missed = [_row("step", r) for r in found.kinds if r.found < r.steps]
    if missed:
        yield "Steps that were missed", ("step", *share), missed
    noisy = [{"rule": rule, "ordinary_events": count} for rule, count in found.noisy.items()]
    if noisy:
        yield "Rules that fired on ordinary events", ("rule", "ordinary_events"), noisy
    total = {
        **_row("all", found.total),
        "normal_events": found.normal,
        "false_positives": found.false_positives,
        "false_positives_per_thousand": round(found.false_positives_per_thousand, 3),
        "absent_events": found.absent,
    }
    yield (
        "All",
        (*share, "normal_events", "false_positives", "false_positives_per_thousand"),
        [total],
    )


def _row(kind: str, recall: Recall) -> dict[str, Any]:
    return {
        kind: recall.name,
        "steps": recall.steps,
        "found": recall.found,
        "recall_percent": round(100 * recall.recall, 1),
        "rules": recall.rules,
    }


def _summary(found: Score) -> None:
    if found.absent:
        notice(
            f"{found.absent:,} malicious events are not in the results:"
            " have the workers caught up, and is the truth of the same run?"
        )
