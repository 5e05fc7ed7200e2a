"""`tocsin detect` with results on a slow disk, as a program: the first argument is the seconds of a flush."""

import sys
import time

from tocsin.app.cli import run
from tocsin.ports import Positions
from tocsin.results.sink import ResultsSink


def main(seconds: float, arguments: list[str]) -> int:
    flush = ResultsSink.flush

    def slow(sink: ResultsSink) -> Positions:
        time.sleep(seconds)
        return flush(sink)

    setattr(ResultsSink, "flush", slow)  # noqa: B010 - there is no other way into a whole worker
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
