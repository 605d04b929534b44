"""Claims on optima, on tables whose answer is known."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.analysis.synthetic import Optimum, runs_table

from depthtransfer.claims import CLAIMS, Evidence, Finding, Verdict, judge
from depthtransfer.errors import StoreError

from .tables import write_runs

CLAIM = {claim.id: claim for claim in CLAIMS}
DEPTHS = (3, 6, 12, 30)


def falling(scheme: str, width: int, depth: int) -> float:
    return -1.0 if scheme == "mup_sqrt_depth" else -1.0 - np.log2(depth / 3)


def learning_rates(best: Optimum = falling, **changes: object) -> pd.DataFrame:
    given = {"schemes": ("mup", "mup_sqrt_depth"), "widths": (8, 16), "depths": DEPTHS, "seeds": (0, 1, 2)}
    return runs_table(best, noise=0.003, **{**given, **changes})  # type: ignore[arg-type]


def found(name: str, folder: Path) -> Finding:
    return judge(CLAIM[name], Evidence(folder))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "results/invented"


def test_what_the_paper_says_is_reproduced(folder: Path) -> None:
    write_runs(learning_rates(), folder, "cnn_learning_rate")
    for name in ("A1", "A2", "A4"):
        assert found(name, folder).verdict is Verdict.REPRODUCED, name
    assert found("A1", folder).value == pytest.approx(0.0, abs=0.1)
    assert found("A2", folder).value == pytest.approx(-1.0, abs=0.1)


def test_what_the_paper_does_not_say_is_not_reproduced(folder: Path) -> None:
    def turned(scheme: str, width: int, depth: int) -> float:
        return falling("mup" if scheme == "mup_sqrt_depth" else "mup_sqrt_depth", width, depth) - np.log2(width / 8)

    write_runs(learning_rates(turned), folder, "cnn_learning_rate")
    for name in ("A1", "A2", "A4"):
        assert found(name, folder).verdict is Verdict.NOT_REPRODUCED, name


def test_divergence_everywhere_at_the_largest_depth_bounds_the_slope(folder: Path) -> None:
    write_runs(learning_rates(lambda s, w, d: None if d == 30 else -1.0), folder, "cnn_learning_rate")
    assert found("A2", folder).verdict is Verdict.REPRODUCED
    assert found("A1", folder).verdict is Verdict.NOT_REPRODUCED
    assert found("A1", folder).low == -np.inf
    assert "every value diverged at 30" in found("A1", folder).detail


def test_an_optimum_on_the_edge_is_inconclusive_and_asks_for_values_beyond_it(folder: Path) -> None:
    def beyond(scheme: str, width: int, depth: int) -> float:
        return 4.0 if depth == 30 else -1.0

    write_runs(learning_rates(beyond), folder, "cnn_learning_rate")
    finding = found("A1", folder)
    assert finding.verdict is not Verdict.REPRODUCED
    write_runs(learning_rates(lambda s, w, d: -8.5), folder, "cnn_learning_rate")
    finding = found("A1", folder)
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert "edge-of-grid" in finding.missing
    assert f"{2.0**-9:.6g}, {2.0**-10:.6g}" in finding.missing


def test_one_noisy_seed_decides_nothing_and_says_so(folder: Path) -> None:
    rng = np.random.default_rng(5)
    noisy = runs_table(
        falling, schemes=("mup", "mup_sqrt_depth"), depths=DEPTHS, seeds=(0,), noise=0.1, curvature=0.02, rng=rng
    )
    write_runs(noisy, folder, "cnn_learning_rate")
    finding = found("A1", folder)
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert "too-few-seeds" in finding.missing


def test_a_single_depth_is_inconclusive(folder: Path) -> None:
    write_runs(learning_rates(depths=(3,)), folder, "cnn_learning_rate")
    finding = found("A1", folder)
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert "no two depths" in finding.missing


def test_slopes_that_cancel_in_the_mean_are_not_reproduced(folder: Path) -> None:
    def opposed(scheme: str, width: int, depth: int) -> float:
        return -2.0 + (0.6 if width == 8 else -0.6) * np.log2(depth / 3)

    write_runs(learning_rates(opposed), folder, "cnn_learning_rate")
    finding = found("A1", folder)
    assert finding.value == pytest.approx(0.0, abs=0.1)
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert "differ between widths" in finding.missing


def test_no_table_is_not_run(folder: Path) -> None:
    finding = found("A1", folder)
    assert finding.verdict is Verdict.NOT_RUN
    assert "cnn_learning_rate/optima.parquet does not exist" in finding.missing


def test_a_scheme_without_runs_is_not_run(folder: Path) -> None:
    write_runs(learning_rates(schemes=("mup",)), folder, "cnn_learning_rate")
    assert found("A1", folder).verdict is Verdict.NOT_RUN


def test_losses_that_are_not_numbers_do_not_come_this_far(folder: Path) -> None:
    runs = learning_rates()
    runs.loc[runs["scheme"] == "mup_sqrt_depth", "loss"] = np.nan
    with pytest.raises(StoreError, match="numbers in column loss that may not stand there"):
        write_runs(runs, folder, "cnn_learning_rate")
    assert found("A1", folder).verdict is Verdict.NOT_RUN


def test_a_damaged_file_and_an_unknown_column_are_errors_that_name_the_file(folder: Path) -> None:
    write_runs(learning_rates(), folder, "cnn_learning_rate")
    path = folder / "cnn_learning_rate/optima.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"optima\.parquet is damaged"):
        found("A1", folder)

    learning_rates().to_parquet(path)
    with pytest.raises(StoreError, match=r"optima\.parquet"):
        found("A1", folder)


@pytest.mark.parametrize(("gain", "verdict"), [(0.15, "reproduced"), (-0.15, "not reproduced"), (0.0, "inconclusive")])
def test_larger_networks_reach_lower_loss(folder: Path, gain: float, verdict: str) -> None:
    runs = learning_rates()
    runs["loss"] *= (runs["depth"] / 3.0) ** -gain * (runs["width"] / 8.0) ** -gain
    write_runs(runs, folder, "cnn_learning_rate")
    finding = found("A5", folder)
    assert finding.verdict == verdict
    if gain:
        assert finding.value == pytest.approx(-gain * np.log(2), abs=0.05)


def test_runs_of_different_length_are_not_compared(folder: Path) -> None:
    """Wide networks that trained for fewer steps have a higher loss, which says nothing of width."""
    runs = learning_rates()
    runs["loss"] *= np.exp(-0.1 * np.log(runs["depth"])) * np.where(runs["width"] == 16, 1.5, 1.0)
    assert found_after(runs, folder, "A5").verdict is Verdict.NOT_REPRODUCED
    assert found_after(runs, folder, "A4").verdict is Verdict.REPRODUCED
    runs["steps"] = np.where(runs["width"] == 16, 80, 100)
    for name in ("A4", "A5"):
        finding = found_after(runs, folder, name)
        assert finding.verdict is Verdict.INCONCLUSIVE, name
        assert "no two widths were trained equally long" in finding.missing
    assert found_after(runs, folder, "A1").verdict is Verdict.REPRODUCED, "depths were, at each width"


def found_after(runs: pd.DataFrame, folder: Path, name: str) -> Finding:
    write_runs(runs, folder, "cnn_learning_rate")
    return found(name, folder)


@pytest.mark.parametrize("hyperparameter", ["momentum", "gamma0", "weight_decay"])
@pytest.mark.parametrize(("slope", "verdict"), [(0.0, "reproduced"), (-0.6, "not reproduced")])
def test_other_hyperparameters(folder: Path, hyperparameter: str, slope: float, verdict: str) -> None:
    runs = runs_table(
        lambda s, w, d: 2.5 + slope * np.log2(d / 3),
        schemes=("mup_sqrt_depth",),
        depths=(3, 12, 30),
        grid=tuple(np.arange(-1.0, 5.5, 0.5)) if hyperparameter != "momentum" else tuple(np.arange(0, 6.5, 0.5)),
        noise=0.003,
        hyperparameter="stretch",
    )
    stretch = runs.pop("stretch")
    runs[hyperparameter] = 1.0 - 1.0 / stretch if hyperparameter == "momentum" else stretch
    write_runs(runs, folder, f"cnn_{hyperparameter}")
    assert found(f"A10-{hyperparameter.replace('_', '-')}", folder).verdict == verdict


def test_normalized_networks_need_both_halves(folder: Path) -> None:
    write_runs(learning_rates(), folder, "resnet18_bn_learning_rate")
    assert found("A6", folder).verdict is Verdict.REPRODUCED
    write_runs(learning_rates(lambda s, w, d: -1.0), folder, "resnet18_bn_learning_rate")
    assert found("A6", folder).verdict is Verdict.NOT_REPRODUCED
    write_runs(learning_rates(schemes=("mup_sqrt_depth",)), folder, "resnet18_bn_learning_rate")
    assert found("A6", folder).verdict is Verdict.NOT_RUN


@pytest.mark.parametrize(("factor", "verdict"), [(0.8, "reproduced"), (1.2, "not reproduced")])
def test_scaled_networks_win_when_deep(folder: Path, factor: float, verdict: str) -> None:
    runs = learning_rates()
    runs.loc[runs["scheme"] == "mup_sqrt_depth", "loss"] *= factor
    write_runs(runs, folder, "resnet18_bn_learning_rate")
    assert found("A7", folder).verdict == verdict


def test_scaled_networks_win_where_the_others_cannot_be_trained(folder: Path) -> None:
    runs = learning_rates(lambda s, w, d: None if s == "mup" and d == 30 else -1.0)
    write_runs(runs, folder, "resnet18_bn_learning_rate")
    finding = found("A7", folder)
    assert finding.verdict is Verdict.REPRODUCED
    assert "every unscaled network diverged" in finding.detail


@pytest.mark.parametrize(
    ("depths", "trains", "verdict"),
    [((4, 152), True, "reproduced"), ((4, 152), False, "not reproduced"), ((4, 64), True, "inconclusive")],
)
def test_three_hundred_layers(folder: Path, depths: tuple[int, int], trains: bool, verdict: str) -> None:
    runs = learning_rates(lambda s, w, d: None if d == 152 and not trains else -1.0, depths=depths)
    write_runs(runs, folder, "resnet18_bn_learning_rate")
    assert found("A6-depth", folder).verdict == verdict


def test_a_deep_network_that_guesses_has_not_trained(folder: Path) -> None:
    runs = learning_rates(lambda s, w, d: -1.0, depths=(4, 152))
    runs.loc[runs["depth"] == 152, "loss"] = 2.29
    write_runs(runs, folder, "resnet18_bn_learning_rate")
    finding = found("A6-depth", folder)
    assert finding.verdict is Verdict.NOT_REPRODUCED
    assert "guessing has 2.30" in finding.detail


def test_absent_runs_are_not_run_and_have_not_diverged(folder: Path) -> None:
    runs = learning_rates()
    unscaled = runs["scheme"] == "mup"
    write_runs(runs[~(unscaled & (runs["depth"] == 30))], folder, "resnet18_bn_learning_rate")
    assert "depth 12" in found("A7", folder).detail, "both schemes were run there"
    write_runs(runs[~unscaled], folder, "resnet18_bn_learning_rate")
    assert found("A7", folder).verdict is Verdict.NOT_RUN
    write_runs(
        runs[(unscaled & (runs["depth"] == 3)) | (~unscaled & (runs["depth"] == 30))],
        folder,
        "resnet18_bn_learning_rate",
    )
    assert found("A7", folder).verdict is Verdict.NOT_RUN, "no size has both"


def test_no_optimum_where_the_best_value_is_no_better_than_guessing(folder: Path) -> None:
    runs = learning_rates()
    runs.loc[(runs["scheme"] == "mup_sqrt_depth") & (runs["depth"] == 30), "loss"] += 3.0
    write_runs(runs, folder, "cnn_learning_rate")
    optima = Evidence(folder).optima("cnn_learning_rate")
    lost = optima[(optima["scheme"] == "mup_sqrt_depth") & (optima["depth"] == 30)]
    assert lost["log2_optimum"].isna().all()
    assert set(lost["flags"]) == {"untrained"}
    assert (lost["above_chance"] == lost["runs"]).all()
    finding = found("A1", folder)
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert "untrained" in finding.missing


def test_transformers_need_both_norms(folder: Path) -> None:
    write_runs(learning_rates(), folder, "vit_learning_rate")
    assert found("A8", folder).verdict is Verdict.NOT_RUN
    write_runs(learning_rates(), folder, "vit_no_norm_learning_rate")
    assert found("A8", folder).verdict is Verdict.REPRODUCED
    write_runs(learning_rates(lambda s, w, d: -1.0 - np.log2(d / 3)), folder, "vit_no_norm_learning_rate")
    assert found("A8", folder).verdict is Verdict.NOT_REPRODUCED
    write_runs(learning_rates(), folder, "vit_cosine_learning_rate")
    assert found("A9", folder).verdict is Verdict.REPRODUCED


@pytest.mark.parametrize(
    ("short", "long", "verdict"),
    [
        (0.8, 0.1, Verdict.REPRODUCED),
        (0.8, 1.2, Verdict.NOT_REPRODUCED),
        (-0.5, -1.0, Verdict.NOT_REPRODUCED),
        (0.8, 0.79, Verdict.INCONCLUSIVE),
    ],
)
def test_the_drift_of_transformers_falls_with_length(short: float, long: float, verdict: Verdict, folder: Path) -> None:
    lengths = [
        learning_rates(lambda s, w, d, p=power: -4.0 + p * np.log2(d / 3), schemes=("mup_sqrt_depth",), widths=(8,))
        .assign(steps=steps)
        for power, steps in ((short, 250), (long, 4000))
    ]  # fmt: skip
    write_runs(pd.concat(lengths, ignore_index=True), folder, "vit_drift")
    assert found("C5", folder).verdict is verdict


def test_a_single_length_says_nothing_of_the_drift(folder: Path) -> None:
    write_runs(learning_rates().assign(steps=250), folder, "vit_drift")
    finding = found("C5", folder)
    assert (finding.verdict, "single length" in finding.missing) == (Verdict.INCONCLUSIVE, True)
