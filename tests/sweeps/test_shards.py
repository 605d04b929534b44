import pytest
from hypothesis import given
from hypothesis import strategies as st

from depthtransfer.sweeps.shards import shard

COSTS = st.lists(st.floats(min_value=0.001, max_value=1e6), max_size=60)
COUNTS = st.integers(1, 12)


@given(COSTS, COUNTS)
def test_every_item_is_in_exactly_one_share(costs: list[float], count: int) -> None:
    items = list(enumerate(costs))
    shares = shard(items, lambda item: item[1], count)
    assert len(shares) == count
    assert sorted(item for share in shares for item in share) == items


@given(COSTS, COUNTS)
def test_shares_differ_by_no_more_than_the_largest_item(costs: list[float], count: int) -> None:
    totals = [sum(share) for share in shard(costs, float, count)]
    assert max(totals) - min(totals) <= max(costs, default=0.0) * (1 + 1e-9)


@given(COSTS, COUNTS)
def test_sharing_is_a_function_of_its_arguments(costs: list[float], count: int) -> None:
    items = list(enumerate(costs))
    assert shard(items, lambda item: item[1], count) == shard(tuple(items), lambda item: item[1], count)


def test_equal_items_are_dealt_in_order() -> None:
    assert shard("abcde", lambda item: 1.0, 2) == [["a", "c", "e"], ["b", "d"]]


def test_more_shares_than_items() -> None:
    assert shard([3.0, 1.0], float, 4) == [[3.0], [1.0], [], []]


@pytest.mark.parametrize("count", [0, -1])
def test_no_shares(count: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        shard([1.0], float, count)
