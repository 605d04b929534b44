import pytest
from hypothesis import given
from hypothesis import strategies as st

from depthtransfer.sweeps.shards import shard

COSTS = st.lists(st.floats(min_value=0.001, max_value=1e6), max_size=60)
COUNTS = st.integers(1, 12)


@given(COSTS, COUNTS)
def test_every_item_is_in_exactly_one_share_and_shares_are_about_equal(costs: list[float], count: int) -> None:
    items = list(enumerate(costs))
    shares = shard(items, lambda item: item[1], count)
    assert len(shares) == count
    assert sorted(item for share in shares for item in share) == items
    assert shares == shard(tuple(items), lambda item: item[1], count), "a function of its arguments"
    totals = [sum(cost for _, cost in share) for share in shares]
    assert max(totals) - min(totals) <= max(costs, default=0.0) * (1 + 1e-9)


def test_equal_items_are_dealt_in_order() -> None:
    assert shard("abcde", lambda item: 1.0, 2) == [["a", "c", "e"], ["b", "d"]]


def test_more_shares_than_items_and_none() -> None:
    assert shard([3.0, 1.0], float, 4) == [[3.0], [1.0], [], []]
    with pytest.raises(ValueError, match="at least one"):
        shard([1.0], float, 0)
