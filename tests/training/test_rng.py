import itertools

import torch

from depthtransfer.training.process import named_rng


def first(seed: int, name: str) -> int:
    return int(torch.randint(2**62, (1,), generator=named_rng(seed, name)))


def test_each_pair_of_seed_and_name_has_its_own_stream() -> None:
    pairs = list(itertools.product(range(20), ("order", "augmentation", "weights/stem.weight", "weights/1", "1")))
    assert len({first(*pair) for pair in pairs}) == len(pairs)


def test_a_stream_is_the_same_again() -> None:
    assert first(7, "order") == first(7, "order")


def test_pinned() -> None:
    """Torch's Mersenne twister seeded by SHA-256; another value here means that every run has another seed."""
    assert named_rng(0, "order").initial_seed() == 5269102818204490597
