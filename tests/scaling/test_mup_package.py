"""The width part of the table against Microsoft's `mup` package (arXiv 2203.03466) as an independent oracle.

Both get the same learning rates at the base width N0; how they scale to the width N is each one's own affair. The
package keeps a multiplier 1/(N/N0) in `MuReadout`, the table's rules are absorbed; so effective weights are compared.
"""

from collections.abc import Callable

import mup
import pytest
import torch
from tests.tolerances import EXACT, TRAJECTORY_FLOAT64
from torch import Tensor, nn

from depthtransfer.models.parametrization import parameter_groups, resolve
from depthtransfer.scaling import Constants, Optimizer, Role, Rule, Scheme
from depthtransfer.training.optimizers import ADAM_EPSILON, build_optimizer

INPUTS, OUTPUTS, BASE, WIDTH, STEPS = 5, 3, 16, 64, 10
RATIO = WIDTH / BASE
ROLES = {
    "first.weight": Role.INPUT,
    "first.bias": Role.VECTOR,
    "middle.weight": Role.HIDDEN,
    "middle.bias": Role.VECTOR,
    "readout.weight": Role.READOUT,
}


class Perceptron(nn.Module):
    def __init__(self, width: int, readout: Callable[..., nn.Module] = nn.Linear) -> None:
        super().__init__()
        self.first = nn.Linear(INPUTS, width)
        self.middle = nn.Linear(width, width)
        self.readout = readout(width, OUTPUTS, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.readout(torch.tanh(self.middle(torch.tanh(self.first(x)))))


def rules(width: int, optimizer: str) -> dict[str, Rule]:
    return resolve(
        Perceptron(width),
        ROLES,
        scheme=Scheme.MUP,
        width=width,
        depth=1,
        optimizer=Optimizer(optimizer),
        constants=Constants(base_width=BASE),
    )


def mup_perceptron() -> Perceptron:
    model = Perceptron(WIDTH, mup.MuReadout)
    mup.set_base_shapes(
        model, Perceptron(BASE, mup.MuReadout), delta=Perceptron(2 * BASE, mup.MuReadout), rescale_params=False
    )
    return model


def mup_optimizer(
    model: nn.Module, optimizer: str, rate: float, momentum: float, decay: float
) -> torch.optim.Optimizer:
    """The package's optimizer over groups that carry the table's rates of the base width."""
    at_base = rules(BASE, optimizer)
    groups = [
        {
            "params": [parameter],
            "lr": rate * at_base[name].learning_rate_factor,
            "weight_decay": decay * at_base[name].weight_decay_factor,
        }
        for name, parameter in model.named_parameters()
    ]
    if optimizer == "sgd":
        return mup.MuSGD(groups, lr=rate, momentum=momentum)
    chosen = mup.MuAdam if optimizer == "adam" else mup.MuAdamW
    return chosen(groups, lr=rate, eps=ADAM_EPSILON)


@pytest.mark.parametrize("optimizer", Optimizer)
def test_effective_learning_rates(optimizer: str) -> None:
    """A multiplier m acts on function space as a rate m^2 times as large with SGD and m times with Adam."""
    model = mup_perceptron()
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    table = rules(WIDTH, optimizer)
    power = 2 if optimizer == "sgd" else 1
    seen = set()
    for group in mup_optimizer(model, optimizer, rate=0.1, momentum=0.0, decay=0.0).param_groups:
        for parameter in group["params"]:
            name = names[id(parameter)]
            multiplier = 1 / RATIO if name == "readout.weight" else 1.0
            expected = 0.1 * table[name].learning_rate_factor
            assert group["lr"] * multiplier**power == pytest.approx(expected, rel=EXACT), name
            seen.add(name)
    assert seen == ROLES.keys()


def test_effective_initial_deviations() -> None:
    """The package scales a deviation given for the base width; the same random numbers are drawn twice."""
    model = mup_perceptron()
    at_base, table = rules(BASE, "sgd"), rules(WIDTH, "sgd")
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            assert table[name].init_std == 0.0
            continue
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            mup.init.normal_(parameter, std=at_base[name].init_std)
            torch.manual_seed(0)
            standard = nn.init.normal_(torch.empty_like(parameter))
        multiplier = 1 / RATIO if name == "readout.weight" else 1.0
        found = (multiplier * parameter.detach() / standard).median().item()
        assert found == pytest.approx(table[name].init_std, rel=1e-6), name


@pytest.mark.parametrize(
    ("optimizer", "rate", "momentum", "decay"),
    [("sgd", 0.3, 0.0, 0.0), ("sgd", 0.1, 0.9, 0.05), ("adam", 0.05, 0.0, 0.0), ("adamw", 0.05, 0.0, 0.05)],
)
def test_the_same_functions_are_learned(optimizer: str, rate: float, momentum: float, decay: float) -> None:
    """Ten steps in double precision from the same effective weights; outputs compared after each."""
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(12, INPUTS, generator=generator, dtype=torch.float64)
    y = torch.randn(12, OUTPUTS, generator=generator, dtype=torch.float64)
    table = rules(WIDTH, optimizer)
    ours, theirs = Perceptron(WIDTH).double(), mup_perceptron().double()
    with torch.no_grad():
        for (name, mine), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
            draw = torch.randn(mine.shape, generator=generator, dtype=torch.float64)
            mine.copy_(draw * (table[name].init_std or 0.1))
            other.copy_(mine * (RATIO if name == "readout.weight" else 1.0))

    def outputs(model: nn.Module, descent: torch.optim.Optimizer) -> Tensor:
        found = []
        for _ in range(STEPS):
            output = model(x)
            found.append(output.detach())
            descent.zero_grad()
            (output - y).square().mean().backward()
            descent.step()
        return torch.stack(found)

    groups = parameter_groups(ours, table, learning_rate=rate, weight_decay=decay)
    mine = outputs(ours, build_optimizer(Optimizer(optimizer), groups, momentum=momentum))
    other = outputs(theirs, mup_optimizer(theirs, optimizer, rate, momentum, decay))
    assert mine.isfinite().all()
    assert (mine[-1] - mine[0]).abs().max() > 0.05
    torch.testing.assert_close(mine, other, rtol=TRAJECTORY_FLOAT64, atol=TRAJECTORY_FLOAT64)
