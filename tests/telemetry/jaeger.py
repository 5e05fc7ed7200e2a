"""A real Jaeger on loopback: found, or built once by the Go tool chain (about eight minutes)."""

import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from tocsin.cache import cache_folder

MODULE = "github.com/jaegertracing/jaeger@v1.76.0"  # the module version of Jaeger 2.13


class NoJaegerError(Exception):
    """There is none here, and it cannot be built."""


def program() -> str:
    """Path of the program."""
    found = shutil.which("jaeger")
    if found:
        return found
    cached = cache_folder() / "tools" / "jaeger"
    if cached.exists():
        return str(cached)
    go = shutil.which("go")
    if go is None:
        raise NoJaegerError("no jaeger on the path, and no Go to build it with")
    cached.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{cached}.lock"):
        if not cached.exists():
            build(go, cached)
    return str(cached)


def build(go: str, to: Path) -> None:
    """Build from the module's source; `go install` refuses modules with replacements."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            told = subprocess.run(
                [go, "mod", "download", "-json", MODULE],
                cwd=folder,
                check=True,
                capture_output=True,
                timeout=600,
            )
            source = Path(folder) / "source"
            shutil.copytree(json.loads(told.stdout)["Dir"], source, copy_function=shutil.copyfile)
            for path in (source, *(p for p in source.rglob("*") if p.is_dir())):
                path.chmod(0o755)
            made = Path(f"{to}.new").absolute()
            command = [go, "build", "-trimpath", "-o", str(made), "./cmd/jaeger"]
            subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=3_000)
        except (subprocess.SubprocessError, OSError) as error:
            said = getattr(error, "stderr", None) or b""
            raise NoJaegerError(f"jaeger cannot be built: {error} {said.decode()[-300:]}") from error
        made.replace(to)


class Jaeger:
    """A running one."""

    def __init__(self) -> None:
        self.query, self.query_grpc, self.http, self.grpc = free_ports(4)

    @property
    def environment(self) -> dict[str, str]:
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.http}"}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.query}"

    def ask(self, path: str):
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return []
            raise

    def trace(self, trace_id: str):
        """Its spans by id, with service and attributes; none when it is not there."""
        found = self.ask(f"/api/traces/{trace_id}")
        return {span.id: span for trace in found for span in spans_of(trace)}

    def traces(self, service: str, operation: str, limit: int = 100_000):
        """All traces with such a span, by id."""
        path = f"/api/traces?service={service}&operation={operation}&limit={limit}&lookback=2d"
        return {trace["traceID"]: spans_of(trace) for trace in self.ask(path)}


class Span:
    """As Jaeger knows it."""

    def __init__(self, said, services) -> None:
        self.id, self.name, self.trace = said["spanID"], said["operationName"], said["traceID"]
        self.service = services[said["processID"]]["serviceName"]
        self.tags = {tag["key"]: tag["value"] for tag in said["tags"]}
        references = said["references"]
        self.parents = [r["spanID"] for r in references if r["refType"] == "CHILD_OF"]
        self.links = [(r["traceID"], r["spanID"]) for r in references if r["refType"] != "CHILD_OF"]
        self.start, self.duration = said["startTime"], said["duration"]
        self.warnings = said.get("warnings") or []


def spans_of(trace) -> list[Span]:
    return [Span(span, trace["processes"]) for span in trace["spans"]]


CONFIGURATION = """
service:
  extensions: [jaeger_storage, jaeger_query]
  pipelines:
    traces: {{receivers: [otlp], exporters: [jaeger_storage_exporter]}}
  telemetry:
    metrics: {{level: none}}
    logs: {{level: warn}}
extensions:
  jaeger_query:
    storage: {{traces: memory}}
    http: {{endpoint: "127.0.0.1:{0.query}"}}
    grpc: {{endpoint: "127.0.0.1:{0.query_grpc}"}}
  jaeger_storage:
    backends:
      memory: {{memory: {{max_traces: 200000}}}}
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: "127.0.0.1:{0.grpc}"}}
      http: {{endpoint: "127.0.0.1:{0.http}"}}
exporters:
  jaeger_storage_exporter: {{trace_storage: memory}}
"""


@contextmanager
def running(path: str, folder: Path) -> Iterator[Jaeger]:
    """Start it, wait until it answers, and end it."""
    jaeger = Jaeger()
    configuration = folder / "jaeger.yaml"
    configuration.write_text(CONFIGURATION.format(jaeger))
    with (folder / "jaeger.log").open("w") as log:
        process = subprocess.Popen([path, "--config", str(configuration)], stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 60
            while not answers(jaeger):
                assert process.poll() is None, (folder / "jaeger.log").read_text()[-2_000:]
                assert time.monotonic() < deadline, "jaeger does not answer"
                time.sleep(0.2)
            yield jaeger
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def answers(jaeger: Jaeger) -> bool:
    try:
        jaeger.ask("/api/services")
        with socket.create_connection(("127.0.0.1", jaeger.http), 1):
            return True
    except OSError:
        return False


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


if __name__ == "__main__":  # `make jaeger`, so that no test has to wait for it
    program()
