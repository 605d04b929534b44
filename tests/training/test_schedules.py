import math

import pytest
from tests.tolerances import EXACT

from depthtransfer.training.optimizers import SCHEDULES, constant, cosine

R2 = math.sqrt(2.0)

TABLE = {
    # (schedule, steps, warm-up): factor at steps 0, 1, 2, ...
    ("constant", 4, 0): [1, 1, 1, 1],
    ("constant", 6, 4): [1 / 4, 1 / 2, 3 / 4, 1, 1, 1],
    ("constant", 3, 1): [1, 1, 1],
    ("constant", 2, 4): [1 / 4, 1 / 2],
    ("cosine", 4, 0): [1, (2 + R2) / 4, 1 / 2, (2 - R2) / 4],
    ("cosine", 6, 2): [1 / 2, 1, 1, (2 + R2) / 4, 1 / 2, (2 - R2) / 4],
    ("cosine", 3, 0): [1, 3 / 4, 1 / 4],
    ("cosine", 2, 2): [1 / 2, 1],
}


@pytest.mark.parametrize(("name", "steps", "warmup"), TABLE)
def test_every_factor(name: str, steps: int, warmup: int) -> None:
    schedule = SCHEDULES[name](steps, warmup)
    found = [schedule(step) for step in range(steps)]
    assert found == pytest.approx(TABLE[name, steps, warmup], rel=EXACT)


def test_the_cosine_ends_at_zero_and_stays_there() -> None:
    schedule = cosine(10, 3)
    assert [schedule(10), schedule(11), schedule(1000)] == pytest.approx([0, 0, 0], abs=EXACT)


def test_no_warm_up_unless_asked_for() -> None:
    assert constant(5)(0) == 1.0
    assert cosine(5)(0) == 1.0


def test_schedules_are_pure() -> None:
    schedule = cosine(100, 10)
    assert schedule(57) == [schedule(step) for step in range(100)][57]
