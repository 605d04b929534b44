"""A function applied to one argument after the other by threads, a bounded number of results ahead."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Argument = TypeVar("Argument")
Result = TypeVar("Result")


def read_ahead(
    function: Callable[[Argument], Result], arguments: Iterable[Argument], *, threads: int, ahead: int
) -> Generator[Result]:
    """Yield `function(argument)` in the arguments' order, which may be endless.

    What is yielded does not depend on `threads` and `ahead`, only when it is computed does. Close the iterator to end
    the threads. An exception of the function is raised where its result would have been yielded.

    Args:
        function: called from several threads at once; it should release Python's lock where it is slow.
        arguments: taken from the caller's thread.
        threads: at least 1.
        ahead: results that are under way or waiting while the caller works on the last one, at least 1.
    """
    if threads < 1 or ahead < 1:
        raise ValueError(f"threads = {threads} and ahead = {ahead} must be at least 1")
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="read-ahead") as pool:
        try:
            for argument in arguments:
                waiting.append(pool.submit(function, argument))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
