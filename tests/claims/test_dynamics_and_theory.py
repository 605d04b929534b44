"""Claims on dynamics and on the theory, on tables whose answer is known."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from depthtransfer.analysis import approach
from depthtransfer.analysis.measured import UNKNOWN, Measured
from depthtransfer.claims import CLAIMS, Evidence, Finding, Verdict, judge
from depthtransfer.claims.theory import _exponent
from depthtransfer.tables.columns import PROBES, STEPS, THEORY

from .tables import write, write_runs

CLAIM = {claim.id: claim for claim in CLAIMS}
DEPTHS = (3, 6, 12, 48)
INFINITE = float("inf")


def found(name: str, folder: Path) -> Finding:
    return judge(CLAIM[name], Evidence(folder))


def dynamics(
    folder: Path, *, gap: float = 1.0, rate: float = -1.0, noise: float = 0.01, seeds: Sequence[int] = range(6)
) -> None:
    """Widths 8 and 32 at every depth; curves and logits differ from the deepest by gap times depth to the rate."""
    rng = np.random.default_rng(0)
    sizes = [(width, depth) for width in (8, 32) for depth in DEPTHS]
    rows = [
        {"scheme": "mup_sqrt_depth", "width": w, "depth": d, "seed": seed, "status": "ok", "loss": 1.0, "steps": 40}
        for w, d in sizes
        for seed in seeds
    ]
    runs = write_runs(pd.DataFrame(rows), folder, "cnn_dynamics")
    steps, probes = [], []
    plain = {"epoch": 0.1, "accuracy": 0.5, "learning_rate": 0.1}
    proxy = rng.standard_normal((8, 3))
    away = rng.standard_normal((8, 3))
    away /= np.sqrt((away**2).mean())
    for run in runs.itertuples():
        far = gap * (float(run.depth) ** rate - 48.0**rate)  # type: ignore[arg-type]
        for step in range(40):
            loss = 2.0 * np.exp(-0.02 * step + far + noise * rng.standard_normal())
            steps.append({**plain, "key": run.key, "step": step, "loss": loss})
        logits = proxy + far * away + noise * rng.standard_normal((8, 3))
        for (image, output), logit in np.ndenumerate(logits):
            probes.append({"key": run.key, "step": 40, "image": image, "output": output, "logit": np.float32(logit)})
    write(pd.DataFrame(steps), folder / "cnn_dynamics/steps.parquet", STEPS)
    write(pd.DataFrame(probes), folder / "cnn_dynamics/probes.parquet", PROBES)


def test_networks_that_approach_the_limit(tmp_path: Path) -> None:
    dynamics(tmp_path, gap=0.1)
    assert found("A12", tmp_path).verdict is Verdict.REPRODUCED
    assert "Width 32" in found("A12", tmp_path).detail
    dynamics(tmp_path)
    finding = found("A13", tmp_path)
    assert finding.verdict is Verdict.REPRODUCED
    assert finding.value == pytest.approx(-1.0, abs=0.1)


def test_networks_that_do_not(tmp_path: Path) -> None:
    dynamics(tmp_path, rate=-0.05, gap=4.0)
    assert found("A13", tmp_path).verdict is not Verdict.REPRODUCED
    assert found("A12", tmp_path).verdict is Verdict.NOT_REPRODUCED
    dynamics(tmp_path, gap=0.0, noise=0.1)
    finding = found("A13", tmp_path)
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert "seeds" in finding.missing


def test_two_seeds_decide_nothing_on_dynamics(tmp_path: Path) -> None:
    dynamics(tmp_path, seeds=(0, 1))
    assert found("A12", tmp_path).verdict is Verdict.INCONCLUSIVE


def theory(rows: list[dict[str, object]], path: Path) -> None:
    plain = {
        "activation": "linear", "alpha": 0.5, "beta": 1.0, "rate_exponent": 0.0, "gamma0": 1.0, "learning_rate": 0.1,
        "updates": 0, "t": 0.0, "tau": float("nan"), "mu": 0, "nu": 0, "seeds": 0, "standard_error": 0.0,
        "variance": float("nan"), "variance_error": float("nan"), "theory": float("nan"), "study": path.stem,
    }  # fmt: skip
    write(pd.DataFrame([{**plain, **row} for row in rows]), path, THEORY)


@pytest.mark.parametrize(("power", "verdict"), [(-1.0, "reproduced"), (-0.5, "not reproduced")])
def test_variance_over_width(tmp_path: Path, power: float, verdict: str) -> None:
    rows: list[dict[str, object]] = [
        {
            "part": "final",
            "quantity": "f",
            "width": w,
            "depth": d,
            "value": 0.5,
            "variance": v,
            "variance_error": 0.03 * v,
        }
        for w in (16.0, 64.0, 256.0)
        for d in (4.0, 16.0)
        for v in [float(w**power)]
    ]  # fmt: skip
    theory(rows, tmp_path / "theory/rates.parquet")
    assert found("A14", tmp_path).verdict == verdict


@pytest.mark.parametrize(
    ("power", "verdict"), [(-1.0, "reproduced"), (-0.5, "not reproduced"), (-2.0, "not reproduced")]
)
def test_kernels_before_training(tmp_path: Path, power: float, verdict: str) -> None:
    rows: list[dict[str, object]] = [
        {
            "part": "kernels",
            "quantity": "H",
            "width": INFINITE,
            "depth": d,
            "tau": tau,
            "value": 1 + d**power,
            "theory": 1.0,
        }
        for d in (4.0, 8.0, 32.0)
        for tau in (0.0, 0.5)
    ]
    theory(rows, tmp_path / "theory/fig6.parquet")
    assert found("A15", tmp_path).verdict == verdict
    assert found("A15", tmp_path).value == pytest.approx(power)


@pytest.mark.parametrize(
    ("off", "lazy", "verdict"),
    [
        (0.02, 0.1, "reproduced"),
        (0.5, 0.1, "not reproduced"),
        (0.02, 0.45, "inconclusive"),  # the lazy curve is so near that it would pass as well
    ],
)
def test_networks_follow_the_recursion(tmp_path: Path, off: float, lazy: float, verdict: str) -> None:
    rows: list[dict[str, object]] = [
        {"part": "training", "quantity": "f", "width": 100.0, "depth": 4.0, "updates": u, "gamma0": 2.0,
         "theory": 0.5, "value": 0.5 + off * u / 5, "standard_error": 0.005, "seeds": 64}
        for u in range(6)
    ]  # fmt: skip
    rows += [
        {"part": "training", "quantity": "f", "width": INFINITE, "depth": 4.0, "updates": u, "gamma0": g, "value": v}
        for u in range(6)
        for g, v in ((0.2, lazy), (2.0, 0.5))
    ]
    theory(rows, tmp_path / "theory/fig7.parquet")
    assert found("A16", tmp_path).verdict == verdict


@pytest.mark.parametrize(
    ("off", "growth", "verdict"),
    [
        (0.02, 2.0, "reproduced"),
        (0.5, 2.0, "not reproduced"),
        (0.02, 1.0, "inconclusive"),  # the kernel stays what it was: a lazy network would pass as well
    ],
)
def test_nonlinear_networks_follow_the_sampled_theory(tmp_path: Path, off: float, growth: float, verdict: str) -> None:
    place = {"part": "training", "activation": "relu", "depth": 4.0, "learning_rate": 0.1}
    rows: list[dict[str, object]] = []
    for update in range(6):
        f = 1 - (1 - 0.1 * growth) ** update
        values = {"f": f, "loss": (1 - f) ** 2 / 2, "ntk": 1.0 if update == 0 else growth}
        exact = place | {"width": INFINITE, "updates": update, "standard_error": 0.001}
        rows += [exact | {"quantity": name, "value": value} for name, value in values.items()]
        network = {"quantity": "f", "width": 100.0, "updates": update, "standard_error": 0.005, "seeds": 64}
        rows.append(place | network | {"value": f + off * update / 5, "theory": f})
    theory(rows, tmp_path / "theory/nonlinear.parquet")
    assert found("A21", tmp_path).verdict == verdict


def test_the_middle_one_of_three_values_counts_in_both_differences() -> None:
    rng = np.random.default_rng(0)
    gamma0, values, errors = np.array([0.5, 1.0, 2.0]), np.array([0.5, 2.0, 8.0]), np.array([0.02, 0.08, 0.1])

    def exponent(measured: np.ndarray) -> Measured:
        table = pd.DataFrame({"gamma0": gamma0, "value": measured, "standard_error": errors})
        return _exponent(table) or UNKNOWN

    drawn = [exponent(values + errors * rng.standard_normal(3)).value for _ in range(1000)]
    assert exponent(values).value == pytest.approx(2.0)
    assert exponent(values).standard_error == pytest.approx(np.std(drawn), rel=0.1)


@pytest.mark.parametrize(("power", "verdict"), [(2.0, "reproduced"), (1.0, "not reproduced")])
def test_kernels_move_with_the_square_of_gamma0(tmp_path: Path, power: float, verdict: str) -> None:
    rows: list[dict[str, object]] = [
        {"part": "one_step", "quantity": "dH", "width": w, "depth": 16.0, "gamma0": g, "updates": 1, "tau": 1.0,
         "value": 2.14 * g**power - (0.05 if w < INFINITE else 0.0), "standard_error": 0.01 * g**power}
        for w in (128.0, INFINITE)
        for g in (0.25, 0.5, 1.0)
    ]  # fmt: skip
    theory(rows, tmp_path / "theory/fig7.parquet")
    finding = found("A17", tmp_path)
    assert finding.verdict == verdict
    assert finding.value == pytest.approx(power, abs=0.05), "a shift by finite width does not matter"


@pytest.mark.parametrize(("off", "verdict"), [(0.0, "reproduced"), (1e-3, "not reproduced")])
def test_the_identity_of_beta(tmp_path: Path, off: float, verdict: str) -> None:
    rows: list[dict[str, object]] = [
        {"part": "identity", "quantity": "f", "width": 32.0, "depth": 4.0, "updates": u, "alpha": alpha, "beta": beta,
         "value": 0.1 * u + (off if alpha == 0 else 0.0)}
        for u in range(4)
        for alpha, beta in ((0.5, 2.0), (0.0, 1.0))
    ]  # fmt: skip
    theory(rows, tmp_path / "theory/rates.parquet")
    assert found("A18", tmp_path).verdict == verdict


def test_a_study_without_the_part_that_is_asked_for_is_not_run(tmp_path: Path) -> None:
    theory(
        [{"part": "other", "quantity": "f", "width": 1.0, "depth": 1.0, "value": 1.0}], tmp_path / "theory/fig7.parquet"
    )
    assert found("A16", tmp_path).verdict is Verdict.NOT_RUN


def test_features_of_blocks_are_recorded_by_no_experiment(tmp_path: Path) -> None:
    assert found("A20", tmp_path).verdict is Verdict.NOT_RUN


@pytest.mark.parametrize("power", [-2.0, -1.0, -0.5, -0.1])
def test_the_power_of_an_approach_is_seen_from_the_deepest(power: float) -> None:
    depths = np.array([3.0, 6, 12, 24])
    assert approach(depths.tolist(), (7 * (depths**power - 48.0**power)).tolist(), 48.0) == pytest.approx(
        power, abs=0.01
    )
    assert np.isnan(approach([3.0], [1.0], 48.0))
