"""What a person sees while runs train: a bar on a terminal, a line a minute elsewhere."""

import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from depthtransfer.sweeps.grid import Request
from depthtransfer.sweeps.shards import TYPICAL, packed

MINUTE = 60.0


def describe(request: Request) -> str:
    """One run in a few words."""
    spec = request.spec
    return (
        f"{spec.model} {spec.scheme} width={spec.width} depth={spec.depth} lr={spec.learning_rate:.4g} seed={spec.seed}"
    )


def spoken(seconds: float) -> str:
    """A time in words, rounded as an estimate is."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class Display(Protocol):
    """Shows the latest state; called for every event."""

    def show(self, text: str, finished: float, *, run_ended: bool) -> None:
        """Show a state: what to say, the finished share of the work, and whether a run has just ended."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class Bar:
    """A progress bar with loss, runs done and time left (rich)."""

    def __init__(self, title: str) -> None:
        self._progress = RichProgress(
            TextColumn("{task.fields[title]}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
            console=Console(stderr=True),
        )
        self._task = self._progress.add_task("starting workers", total=1.0, title=title)
        self._progress.start()

    def show(self, text: str, finished: float, *, run_ended: bool) -> None:
        """Advance the bar."""
        self._progress.update(self._task, completed=finished, description=text)

    def close(self) -> None:
        """Stop drawing."""
        self._progress.stop()


class Lines:
    """Plain lines for a log.

    Args:
        stream: where they go.
        seconds_between: lines of which the last was written less long ago are left out; None writes one whenever a
            run ends.
    """

    def __init__(self, stream: TextIO, seconds_between: float | None) -> None:
        self._stream = stream
        self._between = seconds_between
        self._began = self._last = time.monotonic()

    def show(self, text: str, finished: float, *, run_ended: bool) -> None:
        """Write a line if it is time, or the work is done."""
        now = time.monotonic()
        due = run_ended if self._between is None else now - self._last >= self._between
        if due or (run_ended and finished >= 1):
            self._last = now
            left = (now - self._began) * (1 / finished - 1) if finished else 0.0
            print(f"{finished:6.1%}  {text}; about {spoken(left)} left", file=self._stream, flush=True)

    def close(self) -> None:
        """Nothing to put back."""


class Progress:
    """Counts events and tells every display.

    Args:
        title: preset and experiment.
        requests: the runs that are trained.
        workers: processes side by side.
        log: takes a line whenever a run ends.
    """

    def __init__(self, title: str, requests: Sequence[Request], workers: int, log: TextIO | None = None) -> None:
        self._runs = {request.spec.key: request for request in requests}
        self._work = {key: TYPICAL.seconds(request) for key, request in self._runs.items()}
        self._total = sum(self._work.values())
        self._steps = sum(request.spec.steps for request in requests)
        self._done: dict[str, int] = {}
        self._ended: set[str] = set()
        self._diverged = 0
        likely = spoken(packed(self._work.values(), workers))
        begin = f"{title}: {len(requests)} runs, {self._steps} steps on {workers} workers, likely about {likely}"
        self._displays: list[Display] = []
        if sys.stderr.isatty():
            self._displays.append(Bar(title))
        else:
            print(begin, file=sys.stderr, flush=True)
            self._displays.append(Lines(sys.stderr, MINUTE))
        if log is not None:
            print(begin, file=log, flush=True)
            self._displays.append(Lines(log, None))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for display in self._displays:
            display.close()

    def update(self, event: dict[str, Any]) -> None:
        """Take in one event of the pool."""
        key, run_ended = event["key"], event["event"] != "progress"
        request = self._runs[key]
        diverged = event.get("status") == "diverged"
        if run_ended:
            self._ended.add(key)
            self._diverged += diverged
        self._done[key] = request.spec.steps if run_ended else event["step"]
        result = "diverged" if diverged else event.get("why") or f"loss {event['loss']:.4g}"
        text = (
            f"{len(self._ended)}/{len(self._runs)} runs, {sum(self._done.values())}/{self._steps} steps, "
            f"{self._diverged} diverged; {describe(request)}: {result}"
        )
        for display in self._displays:
            display.show(text, self._share(), run_ended=run_ended)

    def _share(self) -> float:
        """The part of the work that is done, by how long steps take."""
        if len(self._ended) == len(self._runs):
            return 1.0
        return (
            sum(self._work[key] * steps / self._runs[key].spec.steps for key, steps in self._done.items()) / self._total
        )
