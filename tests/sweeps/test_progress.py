import io
import sys
from typing import Any

import pytest

from depthtransfer.sweeps import progress
from depthtransfer.sweeps.grid import Request, load_runs
from depthtransfer.sweeps.progress import Lines, Progress


@pytest.fixture
def requests(tiny_project: Any) -> list[Request]:
    return list(load_runs("tiny", "cnn_learning_rate_sp").requests)


def done(request: Request, **more: Any) -> dict[str, Any]:
    return {"event": "done", "key": request.spec.key, "status": "ok", "loss": 0.5, "seconds": 1.0} | more


def events(requests: list[Request]) -> list[dict[str, Any]]:
    first, second, third = requests
    return [
        {"event": "progress", "key": first.spec.key, "step": 1, "loss": 2.25},
        done(first),
        done(second, status="diverged", loss=float("nan")),
        {"event": "failed", "key": third.spec.key, "why": "its process was killed"},
    ]


def test_a_log_gets_one_plain_line_for_every_run(requests: list[Request]) -> None:
    log = io.StringIO()
    with Progress("tiny", requests, log) as shown:
        for event in events(requests):
            shown.update(event)
    lines = log.getvalue().splitlines()
    assert lines == [
        " 33.3%  1/3 runs, 0 diverged; cnn sp width=4 depth=3 lr=0.125 seed=0: loss 0.5",
        " 66.7%  2/3 runs, 1 diverged; cnn sp width=4 depth=3 lr=0.25 seed=0: diverged",
        "100.0%  3/3 runs, 1 diverged; cnn sp width=4 depth=3 lr=1e+08 seed=0: its process was killed",
    ]


def test_lines_are_rare_but_the_last_one_is_shown() -> None:
    stream = io.StringIO()
    lines = Lines(stream, seconds_between=3600.0)
    for step in range(1, 11):
        lines.show(f"state {step}", step / 10, run_ended=True)
        lines.show(f"within {step}", step / 10, run_ended=False)
    lines.close()
    assert [line.split("%  ")[1] for line in stream.getvalue().splitlines()] in (
        ["state 1", "state 10"],
        ["state 10"],  # on a machine that was started less than an hour ago
    )


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar(requests: list[Request], monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "160")
    with Progress("the title", requests) as shown:
        for event in events(requests):
            shown.update(event)
    assert "the title" in terminal.getvalue()
    assert "3/3 runs, 1 diverged" in terminal.getvalue()
    assert "100%" in terminal.getvalue()


def test_a_bar_leaves_the_terminal_as_it_was(requests: list[Request], monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")

    def interrupted() -> None:
        with Progress("title", requests):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    hidden, shown = "\x1b[?25l", "\x1b[?25h"
    assert terminal.getvalue().count(hidden) == terminal.getvalue().count(shown)


def test_a_run_is_described_by_what_tells_it_from_others(requests: list[Request]) -> None:
    assert progress.describe(requests[0]) == "cnn sp width=4 depth=3 lr=0.125 seed=0"
