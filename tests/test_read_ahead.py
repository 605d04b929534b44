import itertools
import random
import threading
import time
from contextlib import closing

import pytest

from depthtransfer.read_ahead import read_ahead


def slow_square(number: int) -> int:
    time.sleep(random.Random(number).random() / 500)
    return number * number


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("ahead", [1, 2, 100])
def test_results_come_in_order_whatever_the_threads(threads: int, ahead: int) -> None:
    found = list(read_ahead(slow_square, range(40), threads=threads, ahead=ahead))
    assert found == [number * number for number in range(40)]


def test_arguments_are_taken_no_further_ahead_than_said() -> None:
    taken = itertools.count()
    with closing(read_ahead(lambda number: number, taken, threads=2, ahead=5)) as results:
        for result in itertools.islice(results, 20):
            assert result + 6 == taken.__reduce__()[1][0]


def test_an_exception_comes_where_its_result_would() -> None:
    results = read_ahead(lambda number: 1 // (3 - number), itertools.count(), threads=2, ahead=4)
    assert list(itertools.islice(results, 3)) == [0, 0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_closing_ends_the_threads() -> None:
    results = read_ahead(slow_square, itertools.count(), threads=3, ahead=20)
    next(results)
    assert any(thread.name.startswith("read-ahead") for thread in threading.enumerate())
    results.close()
    assert not any(thread.name.startswith("read-ahead") for thread in threading.enumerate())


@pytest.mark.parametrize("bounds", [{"threads": 0, "ahead": 1}, {"threads": 1, "ahead": 0}])
def test_no_threads_or_nothing_ahead_is_an_error(bounds: dict) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        next(read_ahead(slow_square, [1], **bounds))
