"""The `tocsin` command: parse, call one function, print.

Commands live one per module and are imported only when called, so that `tocsin --help` stays quick.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from tocsin.errors import ExitCode, TocsinError, nearest
from tocsin.version import __version__

COMMANDS: dict[str, tuple[str, str]] = {
    "bench": ("tocsin.app.cli.bench:bench", "Measure throughput and latency on a real Kafka."),
    "broker": ("tocsin.app.cli.broker:broker", "Start, stop or look at the embedded Kafka broker."),
    "config": ("tocsin.app.cli.config:config", "Show the settings and where each value comes from."),
    "console": (
        "tocsin.app.cli.console:console",
        "Show in a browser what the workers do and what they found.",
    ),
    "dead-letters": (
        "tocsin.app.cli.dead_letters:dead_letters",
        "Look at the records that could not be decoded, and send them again.",
    ),
    "demo": ("tocsin.app.cli.demo:demo", "Run the whole pipeline here: broker, producer, worker, plots."),
    "detect": ("tocsin.app.cli.detect:detect", "Classify the events of a topic as a consumer group member."),
    "explain": ("tocsin.app.cli.explain:explain_command", "Say why a rule fires on an event, or why not."),
    "produce": ("tocsin.app.cli.produce:produce", "Publish synthetic or recorded events to a topic."),
    "report": ("tocsin.app.cli.report:report", "Write what was found as one HTML file that prints well."),
    "results": (
        "tocsin.app.cli.results:results",
        "Look at the stored results, merge their files, prune them.",
    ),
    "rules": ("tocsin.app.cli.rules:rules", "Check, list, show and fetch Sigma rules."),
    "scan": ("tocsin.app.cli.scan:scan_command", "Classify the events in files, without a broker."),
    "score": ("tocsin.app.cli.score:score", "Compare detections with the ground truth of a simulation."),
    "lag": (
        "tocsin.app.cli.lag:lag",
        "How far the workers are behind, per partition, for people and alarms.",
    ),
    "trace": ("tocsin.app.cli.trace:trace", "Show the way of one event through the pipeline."),
    "stats": ("tocsin.app.cli.stats:stats", "Tables and plots of what was classified."),
}
"""Name -> (where it lives, one line of help)."""


class LazyGroup(click.Group):
    """A group that lists its commands from a table and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in sorted(COMMANDS)])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the nearest one."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            hint = nearest(args[0], COMMANDS)
            ctx.fail(f"no such command {args[0]!r}" + (f", {hint}" if hint else ""))
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="tocsin")
def tocsin() -> None:
    """Security events in, ATT&CK-labelled detections out, every event traceable end to end."""


def main(argv: list[str] | None = None) -> None:
    """Run the command line and leave with one of the documented exit codes."""
    for name, value in _FRUGAL.items():
        os.environ.setdefault(name, value)
    sys.exit(run(argv))


_FRUGAL = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # Arrow's own would keep 40 to 100 MB that this one gives back
    "_RJEM_MALLOC_CONF": "narenas:2,dirty_decay_ms:1000",  # of deltalake's jemalloc: 8, 10 s, and 30 MB more
}
"""What libraries read when they are loaded; a worker has more to say once it runs (`app/frugal.py`)."""


def run(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code; problems are told in one sentence on stderr."""
    try:
        result: Any = tocsin.main(args=argv, prog_name="tocsin", standalone_mode=False)
    except TocsinError as error:
        _tell(error.problem, error.hint)
        return error.exit_code
    except click.UsageError as error:
        _tell(
            error.format_message(), "see: " + (error.ctx.command_path if error.ctx else "tocsin") + " --help"
        )
        return ExitCode.BAD_SETTINGS
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader of a pipe went away: nothing more to say, not even at shutdown
        return ExitCode.OK
    return int(result) if isinstance(result, int) else ExitCode.OK


def _tell(problem: str, hint: str) -> None:
    click.secho("error: ", fg="red", bold=True, nl=False, err=True)
    click.echo(problem, err=True)
    if hint:
        click.echo(f"       {hint}", err=True)
