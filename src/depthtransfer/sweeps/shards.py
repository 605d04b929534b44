"""Balanced shares of an experiment's runs."""

import heapq
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def shard(items: Sequence[Item], cost: Callable[[Item], float], count: int) -> list[list[Item]]:
    """Split items into shares of about equal cost: dearest first, each to the cheapest share so far.

    Args:
        items: what is to be shared; equal costs keep their order, so the result is a function of the arguments.
        cost: estimated cost of one item, in any unit.
        count: number of shares.

    Raises:
        ValueError: if count is not positive.
    """
    if count < 1:
        raise ValueError(f"{count} shards; at least one is needed")
    shares: list[list[Item]] = [[] for _ in range(count)]
    heap = [(0.0, index) for index in range(count)]
    for item in sorted(items, key=cost, reverse=True):
        total, index = heapq.heappop(heap)
        shares[index].append(item)
        heapq.heappush(heap, (total + cost(item), index))
    return shares
