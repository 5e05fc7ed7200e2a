"""Workers of one group on a broker of their own, killed, frozen, stopped and started by a seeded dice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import Producer

from tests.crash.points import POINTS
from tocsin.broker import start
from tocsin.broker.running import Running
from tocsin.errors import ExitCode

SESSION = 6.0
"""Seconds after which the broker gives a silent worker's partitions to another: its least."""

AWAY = "no Kafka broker answers"
"""What a program says that is started while the broker is dead."""

LATE = "not everything that was read could be stored"
"""What a worker says that was told to go and could not finish in time; others read the rest again."""

WRITER_OF_CSV = {"csv written", "journal written"}
"""Points that only one worker passes: the others have to go first."""

BAD = [b"", b"{", b"[1]", b"\xff\xfe{", None, b'{"event_type": 3}']
"""Records that can't be events; they are dead letters, each once."""


@dataclass
class Member:
    """A worker process.

    Attributes:
        doomed: somebody has killed it or armed it, so it may end with SIGKILL.
    """

    process: subprocess.Popen[str]
    log: Path
    doomed: bool = False

    def alive(self) -> bool:
        return self.process.poll() is None


@dataclass
class Chaos:
    """The scene: a broker, a topic that fills up, workers, and what has been done to them.

    Attributes:
        done: what was done -> how often.
    """

    folder: Path
    seed: int
    partitions: int = 6
    options: tuple[str, ...] = ()
    topic: str = "events"
    members: list[Member] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.results = self.folder / "results"
        self.csv = self.folder / "classified_packets.csv"
        self._started = self._produced = 0
        self._producers: list[subprocess.Popen[str]] = []
        self.broker: Running = start("apache", self.folder / "kafka", 0, lambda _: None)
        self.bootstrap = self.broker.bootstrap

    def close(self) -> None:
        """End everything that this scene has started."""
        for process in [*(m.process for m in self.members), *self._producers]:
            if process.poll() is None:
                process.kill()
            process.communicate()
        self.broker.stop()

    @property
    def kills(self) -> int:
        """Return how many workers have died of SIGKILL."""
        return sum(m.process.poll() == -signal.SIGKILL for m in self.members)

    def alive(self) -> list[Member]:
        return [member for member in self.members if member.alive()]

    def produce(self, count: int, rate: float) -> None:
        """Let events come in the background, numbered by their places in the topic."""
        self._produced += 1
        self._producers.append(
            subprocess.Popen(
                [
                    *[sys.executable, "-m", "tocsin", "produce", "--bootstrap-servers", self.bootstrap],
                    *["--topic", self.topic, "--partitions", str(self.partitions)],
                    *["--count", str(count), "--rate", str(rate), "--seed", str(self.seed + self._produced)],
                ],
                stderr=subprocess.PIPE,
                text=True,
            )
        )

    def spoil(self, count: int) -> None:
        """Put bad records among the good ones."""
        producer = Producer({"bootstrap.servers": self.bootstrap})
        for number in range(count):
            producer.produce(self.topic, BAD[number % len(BAD)], key=str(number).encode())
        producer.flush()

    def finish_producing(self) -> None:
        """Wait until every event is in the topic."""
        for process in self._producers:
            _, said = process.communicate(timeout=300)
            assert process.returncode == 0 or AWAY in said, said
        self._producers.clear()

    def join(self, *arguments: str, armed: tuple[str, ...] = ()) -> Member:
        """Start a worker, perhaps armed to kill or freeze itself: see `points`."""
        self._started += 1
        log = self.folder / f"worker-{self._started}.log"
        with log.open("w") as file:
            process = subprocess.Popen(
                [
                    *[sys.executable, "-m", "tests.crash.points", *armed],
                    *["detect", "--bootstrap-servers", self.bootstrap, "--topic", self.topic],
                    *["--group", "crash", "--results", str(self.results), "--csv", str(self.csv)],
                    *["--detections-topic", "detections", "--classified-topic", "events.classified"],
                    *["--rules", "builtin:lab", "--commit-rows", "400", "--progress", "none"],
                    *["-X", f"session.timeout.ms={SESSION * 1000:.0f}", "-X", "heartbeat.interval.ms=500"],
                    *self.options,
                    *arguments,
                ],
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
            )
        member = Member(process, log, doomed="--kill" in armed)
        self.members.append(member)
        return member

    def play(self, kills: int, freezes: int, broker_kills: int) -> None:
        """Disturb until so many workers have died, and so often everything else has happened."""
        acts: list[Callable[[], None]] = [self.kill, self.fall, self.fall, self.leave, self.scale]
        extras = [self.freeze] * freezes + [self.kill_broker] * broker_kills
        self.dice.shuffle(extras)
        every = max(1, kills // (len(extras) + 1))
        while self.kills < kills or extras:
            if all(process.poll() is not None for process in self._producers):
                self.spoil(50)
                self.produce(6_000, rate=400)
            done = freezes + broker_kills - len(extras)
            if extras and self.kills >= min(kills, every * (done + 1)):
                extras.pop()()
            else:
                self.dice.choice(acts)()
            self.look()

    def kill(self) -> None:
        """SIGKILL at a random moment; another worker takes the place."""
        victim = self._victim()
        time.sleep(self.dice.uniform(0, 1.5))
        self._shoot(victim)
        self._did("killed at random")
        self.join()

    def fall(self) -> None:
        """A worker that kills itself at a named point."""
        point = self.dice.choice(sorted(POINTS))
        if point in WRITER_OF_CSV:
            for other in self.alive():
                self._shoot(other)
        self.spoil(60)  # so that there are dead letters to be killed at
        member = self.join(armed=("--kill", point, "--nth", str(self.dice.randint(1, 4))))
        deadline = time.monotonic() + 20
        while member.alive() and time.monotonic() < deadline:
            time.sleep(0.05)
        if member.alive():  # it was given nothing that leads there
            self._shoot(member)
            point = "killed before its point"
        self._did(point)
        if not self.alive():
            self.join()

    def leave(self) -> None:
        """SIGTERM: a worker goes in good order."""
        victim = self._victim()
        victim.process.terminate()
        victim.process.wait(90)
        self._did("left")
        self.join()

    def scale(self) -> None:
        """Let there be another number of workers."""
        wanted = self.dice.randint(1, 3)
        while len(self.alive()) < wanted:
            self.join()
        for victim in self.alive()[wanted:]:
            victim.process.terminate()
            victim.process.wait(90)
        self._did(f"scaled to {wanted}")

    def freeze(self) -> None:
        """A worker sleeps beyond its session, others take over, and it wakes."""
        victim = self._victim()
        if len(self.alive()) < 2:
            self.join()
        time.sleep(self.dice.uniform(0.5, 2))  # it may have work in hand
        victim.process.send_signal(signal.SIGSTOP)
        time.sleep(SESSION + 3)
        victim.process.send_signal(signal.SIGCONT)
        self._did("frozen")

    def kill_broker(self) -> None:
        """The broker dies and comes back with the same data at the same address."""
        port = int(self.bootstrap.rsplit(":", 1)[1])
        subprocess.run(["kill", "-9", str(self.broker.pid)], check=True)
        self.broker.stop()
        time.sleep(self.dice.uniform(0, 2))
        self.broker = start("apache", self.folder / "kafka", port, lambda _: None)
        self._did("broker killed")

    def finish(self) -> None:
        """Wait for the producer, let a last worker read to the end, and let all go."""
        self.finish_producing()
        while len(self.alive()) < 2:
            self.join()
        for member in self.alive():
            member.process.terminate()
        for member in self.alive():
            member.process.wait(90)
        last = self.join("--once")
        last.process.wait(180)
        self.look()

    def look(self) -> None:
        """No worker may have ended in another way than it was told to."""
        for member in self.members:
            code = member.process.poll()
            fine = {None, 0, -signal.SIGKILL} if member.doomed else {None, 0}
            said = member.log.read_text()
            if not said:  # it had not begun when it was told to go
                fine.add(-signal.SIGTERM)
            if AWAY in said or LATE in said:  # it was started, or told to go, as the broker died
                fine.add(ExitCode.STREAM_LOST)
            assert code in fine, f"exit {code} (seed {self.seed}): {said[-2000:]}"

    def _shoot(self, member: Member) -> None:
        member.doomed = True
        member.process.kill()
        member.process.wait()

    def _victim(self) -> Member:
        if not self.alive():
            self.join()
        return self.dice.choice(self.alive())

    def _did(self, what: str) -> None:
        self.done[what] += 1
