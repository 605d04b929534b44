"""The training loop: what it records, when it stops, and what one update does."""

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from tests.tolerances import UPDATE_FLOAT32
from torch import Tensor, nn

from depthtransfer.training import loop
from depthtransfer.training.loop import DIVERGENCE_FACTOR, History, train
from depthtransfer.training.optimizers import constant, cosine


class Echo(nn.Module):
    """Logits are the images: the batches decide the losses."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))

    def forward(self, images: Tensor) -> Tensor:
        return images + 0.0 * self.weight


def scripted(losses: list[float]) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of two classes with these losses: -log softmax = log(1 + e^x), x = log(e^loss - 1)."""
    for loss in losses:
        x = loss + math.log(-math.expm1(-loss)) if 0 < loss < math.inf else loss
        yield torch.tensor([[0.0, x], [0.0, x]]), torch.tensor([0, 0])


def run(losses: list[float], *, classes: int = 2, steps: int | None = None, **options) -> History:
    model = Echo()
    return train(
        model,
        torch.optim.SGD(model.parameters(), lr=0.1),
        scripted(losses),
        options.pop("schedule", constant(1)),
        steps=len(losses) if steps is None else steps,
        classes=classes,
        **options,
    )


def assert_consistent(history: History) -> None:
    rows = len(history.loss)
    assert len(history.accuracy) == len(history.learning_rate_factor) == rows
    if history.diverged_step is not None:
        assert history.diverged_step == rows - 1


def test_one_row_per_step() -> None:
    history = run([0.5, 0.75, 3.0, 0.1])
    assert history.loss == pytest.approx([0.5, 0.75, 3.0, 0.1], rel=1e-5)
    assert history.accuracy == [1.0, 0.0, 0.0, 1.0]
    assert history.learning_rate_factor == [1.0] * 4
    assert history.diverged_step is None
    assert history.seconds > 0
    assert_consistent(history)


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e5])
@pytest.mark.parametrize(("position", "steps"), [(1, 6), (5, 6), (2, 40)])
def test_divergence_is_recorded_at_its_step_and_ends_the_run(bad: float, position: int, steps: int) -> None:
    losses = [1.0] * steps
    losses[position] = bad
    history = run(losses)
    assert history.diverged_step == position
    assert history.loss[:-1] == pytest.approx([1.0] * position, rel=1e-5)
    assert not history.loss[-1] < 1e4
    assert_consistent(history)


@pytest.mark.parametrize(
    ("first", "classes", "limit"),
    [(2.0, 2, 200.0), (0.01, 2, 100 * math.log(2)), (0.5, 10, 100 * math.log(10)), (30.0, 10, 3000.0)],
)
def test_beyond_return_is_a_hundred_times_the_first_loss_or_that_of_guessing(
    first: float, classes: int, limit: float
) -> None:
    assert DIVERGENCE_FACTOR == 100
    assert run([first, 0.999 * limit, 1.0], classes=classes).diverged_step is None
    assert run([first, 1.001 * limit, 1.0], classes=classes).diverged_step == 1


@pytest.mark.parametrize("sync_every", [3, 50])
@pytest.mark.parametrize("position", [None, 0, 2, 6, 12])
def test_looking_at_losses_rarely_changes_nothing_of_the_history(
    sync_every: int, position: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a GPU does, on a CPU: losses are fetched every `sync_every` steps."""
    losses = [1.0 + 0.1 * i for i in range(13)]
    if position is not None:
        losses[position] = math.nan
    often = run(losses, schedule=cosine(13, 4))
    monkeypatch.setattr(loop, "_SYNC_EVERY", {})
    monkeypatch.setattr(loop, "_SYNC_EVERY_OTHERWISE", sync_every)
    rarely = run(losses, schedule=cosine(13, 4))
    assert repr(rarely.loss) == repr(often.loss)  # NaN is equal to itself here
    assert rarely.accuracy == often.accuracy
    assert rarely.learning_rate_factor == often.learning_rate_factor
    assert rarely.diverged_step == often.diverged_step == position
    assert_consistent(rarely)


def test_progress_is_told_as_losses_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, float]] = []
    run([0.5] * 5, watch=lambda history: told.append((len(history.loss), round(history.loss[-1], 4))))
    assert told == [(step, 0.5) for step in (1, 2, 3, 4, 5)]
    told.clear()
    monkeypatch.setattr(loop, "_SYNC_EVERY", {"cpu": 3})
    run([0.5] * 5, watch=lambda history: told.append((len(history.loss), round(history.loss[-1], 4))))
    assert told == [(3, 0.5), (5, 0.5)]


def test_the_schedule_multiplies_every_group_and_is_recorded() -> None:
    model = nn.Linear(3, 2)
    groups = [{"params": [model.weight], "lr": 0.2}, {"params": [model.bias], "lr": 0.02}]
    seen = []

    class Spy(torch.optim.SGD):
        def step(self, closure=None):
            seen.append(tuple(group["lr"] for group in self.param_groups))
            return super().step(closure)

    batch = torch.ones(4, 3), torch.zeros(4, dtype=torch.int64)
    factors = [0.5, 1.0, 0.25]
    history = train(model, Spy(groups), itertools.repeat(batch), lambda step: factors[step], steps=3, classes=2)
    assert history.learning_rate_factor == factors
    assert seen == [pytest.approx((0.2 * f, 0.02 * f)) for f in factors]


def test_updates_against_a_hand_written_softmax_regression() -> None:
    """SGD with momentum, decay and warm-up: gradient of mean cross-entropy is (softmax - onehot) x^T / B."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 5, 4)), rng.integers(0, 3, (6, 5))
    model = nn.Linear(4, 3, bias=False)
    start = rng.normal(size=(3, 4))
    with torch.no_grad():
        model.weight.copy_(torch.from_numpy(start))
    rate, momentum, decay = 0.5, 0.9, 0.03
    descent = torch.optim.SGD(model.parameters(), lr=rate, momentum=momentum, weight_decay=decay)
    batches = ((torch.from_numpy(a).float(), torch.from_numpy(b)) for a, b in zip(x, y, strict=True))
    history = train(model, descent, batches, constant(6, 4), steps=6, classes=3)

    weight, velocity, losses, accuracies = start, np.zeros_like(start), [], []
    for step, factor in enumerate([0.25, 0.5, 0.75, 1.0, 1.0, 1.0]):
        logits = x[step] @ weight.T
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        losses.append(-np.log(p[np.arange(5), y[step]]).mean())
        accuracies.append((logits.argmax(axis=1) == y[step]).mean())
        gradient = (p - np.eye(3)[y[step]]).T @ x[step] / 5
        velocity = momentum * velocity + gradient + decay * weight
        weight = weight - rate * factor * velocity
    assert history.loss == pytest.approx(losses, rel=UPDATE_FLOAT32)
    assert history.accuracy == pytest.approx(accuracies)
    np.testing.assert_allclose(model.weight.detach().numpy(), weight, rtol=0, atol=UPDATE_FLOAT32)


def test_bf16_runs_the_forward_pass_in_bfloat16_and_keeps_weights_in_fp32() -> None:
    model, seen = nn.Linear(3, 2), []
    model.register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    batch = torch.randn(4, 3, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 0, 1])
    histories = []
    for bf16 in (True, False):
        with torch.no_grad():
            model.weight.fill_(0.1), model.bias.fill_(0.0)
        descent = torch.optim.SGD(model.parameters(), lr=0.1)
        histories.append(train(model, descent, itertools.repeat(batch), constant(3), steps=3, classes=2, bf16=bf16))
    assert seen == [torch.bfloat16] * 3 + [torch.float32] * 3
    assert model.weight.dtype == torch.float32
    assert histories[0].loss == pytest.approx(histories[1].loss, rel=0.02)
