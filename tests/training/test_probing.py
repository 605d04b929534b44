"""Probes see the network at the right moments and leave training as it is."""

import itertools
import math

import pytest
import torch
from tests.sweeps.tiny import exact_losses, run, spec
from torch import nn

from depthtransfer.training.probing import Probe, StreamDistances, apart, spread


def test_a_probe_looks_at_its_steps_only_in_evaluation_mode() -> None:
    seen: list[bool] = []

    class Counting(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            seen.append(self.training)
            return images.flatten(1)[:, :2] + len(seen)

    model = Counting().train()
    probe = Probe(model, torch.zeros(3, 1, 2, 2), (1, 3))
    for step in range(5):
        probe(step)
    assert probe.steps == [1, 3]
    assert probe.logits == [1.0] * 6 + [2.0] * 6
    assert seen == [False, False]
    assert model.training


@pytest.mark.parametrize(("count", "wanted", "expected"), [(10, 1, [0]), (10, 4, [0, 3, 6, 9]), (3, 3, [0, 1, 2])])
def test_probe_images_are_spread_over_the_data_set(count: int, wanted: int, expected: list[int]) -> None:
    assert spread(count, wanted).tolist() == expected


def test_training_is_the_same_with_a_probe_and_without() -> None:
    """And the logits before the first step belong to a network whose loss at the start is about chance."""
    plain, probed = run(spec()), run(spec(probe_steps=(0, 3, 6), probe_images=5))
    assert exact_losses(plain) == exact_losses(probed)
    assert not plain.logits
    assert probed.summary["probe_steps"] == [0, 3, 6]
    assert len(probed.logits) == 3 * 5 * 4
    first, last = probed.logits[:20], probed.logits[-20:]
    assert max(map(abs, first)) < 2 * math.log(4)
    assert first != last


def test_a_diverged_network_is_probed_up_to_its_divergence() -> None:
    record = run(spec(learning_rate=1e8, probe_steps=(0, 6), probe_images=2))
    assert record.summary["status"] == "diverged"
    assert record.summary["probe_steps"] == [0]
    assert len(record.logits) == 2 * 4


def test_seeds_can_share_their_batches() -> None:
    """With a common batch seed two seeds see the same images in the same order, from different weights."""
    apart = [run(spec(seed=seed, dataset="colour", flip=True)) for seed in (0, 1)]
    together = [run(spec(seed=seed, dataset="colour", flip=True, batch_seed=0)) for seed in (0, 1)]
    assert exact_losses(apart[0]) == exact_losses(together[0])
    assert exact_losses(apart[1]) != exact_losses(together[1])
    assert exact_losses(together[0]) != exact_losses(together[1])


def test_distances_of_streams_are_those_between_all_blocks_so_far_apart() -> None:
    """Blocks that add a fixed step along one coordinate each: streams k blocks apart differ in k coordinates."""
    depth = 8

    class Adding(nn.Module):
        def __init__(self, place: int) -> None:
            super().__init__()
            self.step = torch.eye(depth)[place]

        def forward(self, stream: torch.Tensor) -> torch.Tensor:
            return stream + self.step

    blocks = nn.Sequential(*map(Adding, range(depth)))
    model = nn.Sequential(nn.Flatten(), blocks).train()
    found = StreamDistances(model, torch.randn(3, 1, 2, 4), list(blocks)).measure()
    assert apart(depth) == (1, 2)
    assert found == pytest.approx([math.sqrt(k / depth) for k in apart(depth)], rel=1e-5)
    assert model.training


@pytest.mark.parametrize(("depth", "expected"), [(1, (1,)), (4, (1,)), (31, (1, 2, 4)), (64, (1, 2, 4, 8, 16))])
def test_streams_are_compared_up_to_a_quarter_of_the_depth(depth: int, expected: tuple[int, ...]) -> None:
    assert apart(depth) == expected


def test_a_run_keeps_the_distances_and_trains_the_same() -> None:
    """Before training the streams of a network scaled by 1/sqrt(L) differ by the square root of their distance."""
    options = {"model": "mlp", "depth": 64, "width": 64, "scheme": "depth_pair", "alpha": 0.5, "options": {}}
    given = {**options, "optimizer": "adam", "learning_rate": 0.01, "update_exponent": 0.5}
    plain, probed = run(spec(**given)), run(spec(**given, probe_steps=(0, 6), probe_images=8, probe_streams=True))
    assert exact_losses(plain) == exact_losses(probed)
    distances = probed.summary["stream_distances"]
    assert len(distances) == 2 * len(apart(64))
    ratios = [after / before for before, after in itertools.pairwise(distances[: len(apart(64))])]
    assert ratios == pytest.approx([math.sqrt(2)] * len(ratios), rel=0.1)
