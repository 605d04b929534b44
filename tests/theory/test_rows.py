import argparse
import json
import math

import numpy as np
import pytest

from depthtransfer.cli import theory as command
from depthtransfer.errors import ConfigurationError
from depthtransfer.theory.descent import march
from depthtransfer.theory.problem import Problem
from depthtransfer.theory.rows import theory_rows

KEYS = ["t", "f", "loss", "ntk", "H_mid"]


def call(capsys, *words):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    code = command.run(parser.parse_args(list(words)))
    return code, capsys.readouterr()


def test_infinite_depth_through_the_command(capsys):
    code, printed = call(
        capsys,
        *["linear", "--depth", "inf", "--eta0", "0.1", "--step", "0.5", "--times", "0", "0.5", "1", "2", "--json"],
    )
    rows = json.loads(printed.out)
    assert code == 0
    assert [list(r) for r in rows] == [KEYS] * 4
    assert rows[0]["ntk"] == pytest.approx(3 * math.e, rel=1e-4)
    assert rows[0]["H_mid"] == pytest.approx(math.exp(0.5), rel=1e-4)
    assert rows[3]["ntk"] > 1.3 * rows[0]["ntk"], "features are learned"
    assert rows[3]["loss"] == pytest.approx((1 - rows[3]["f"]) ** 2 / 2, rel=1e-6)


def test_finite_depth_is_the_march(capsys):
    _, printed = call(
        capsys, *["linear", "--depth", "8", "--step", "0.5", "--eta0", "0.1", "--times", "0", "2.5", "--json"]
    )
    rows = json.loads(printed.out)
    expected = march(Problem.one_datum(1.0), 8, gamma0=1, eta0=0.05, steps=5)
    assert rows[1]["f"] == pytest.approx(expected.f[-1, 0], rel=1e-12)
    assert rows[1]["H_mid"] == pytest.approx(expected.H[-1, 4, 0, 0], rel=1e-12)
    assert rows[0]["f"] == 0


def test_infinite_depth_with_a_step_is_extrapolated():
    row = theory_rows({"kind": "linear", "eta0": 0.1, "step": 0.5, "times": [0.5]})[0]
    assert row["f"] == pytest.approx(3 * math.e * 0.05, rel=1e-4)


def test_lazy_flow_and_descent():
    rows = theory_rows({"kind": "lazy", "eta0": 0.1, "times": [0.0, 1.0]})
    assert list(rows[0]) == KEYS
    assert rows[1]["f"] == pytest.approx(1 - math.exp(-0.3 * math.e), rel=1e-9)
    assert rows[1]["H_mid"] == pytest.approx(math.exp(0.5), rel=1e-9)
    relu = theory_rows({"kind": "lazy", "activation": "relu", "depth": 8, "step": 0.1, "times": [0.2]})[0]
    assert relu["f"] == pytest.approx(1 - (1 - 0.01 * relu["ntk"]) ** 2, rel=1e-12)


def test_sampled_rows_state_their_errors():
    base = {"kind": "sampled", "depth": 2, "step": 0.5, "times": [0.0, 1.0], "samples": 64}
    rows = theory_rows({**base, "replicas": 2})
    assert list(rows[0]) == ["t", *[n for k in KEYS[1:] for n in (k, f"{k}_error")]]
    assert all(isinstance(v, float) and np.isfinite(v) for v in rows[1].values())
    assert theory_rows({**base, "replicas": 1})[1]["f_error"] is None


def test_unstable_step_is_reported_and_nothing_is_nan(capsys):
    _, printed = call(
        capsys, *["linear", "--depth", "8", "--step", "1", "--eta0", "0.3", "--times", "0", "1", "5", "--json"]
    )
    rows = json.loads(printed.out)
    assert rows[0]["diverged_step"] == 0
    assert rows[0]["f"] == 0
    assert rows[2]["f"] is None
    assert "update 0" in printed.err
    code, table = call(capsys, *["lazy", "--step", "1", "--eta0", "0.3", "--times", "0", "1"])
    assert code == 0
    assert "diverged" in table.err
    assert table.out.splitlines()[0].split()[:2] == ["t", "f"]


@pytest.mark.parametrize(
    ("specification", "words"),
    [
        ({"kind": "cubic", "times": [1]}, "choose one of"),
        ({"kind": "linear", "times": []}, "no times"),
        ({"kind": "linear", "times": [1.0], "step": 0.5, "gamma0": 0}, "theory lazy"),
        ({"kind": "linear", "times": [1.0], "gama0": 1}, "known keys"),
        ({"kind": "linear", "times": [1.0], "depth": 8}, "--step"),
        ({"kind": "linear", "times": [1.0], "depth": 0}, "at least 1"),
        ({"kind": "linear", "times": [0.25], "depth": 8, "step": 0.1}, "nearest is 0.2"),
        ({"kind": "linear", "times": [-1.0], "depth": 8, "step": 0.1}, "at least 0"),
        ({"kind": "linear", "times": [1.0], "depth": 8, "step": -0.1}, "step above 0"),
        ({"kind": "linear", "times": [1e4], "depth": 640, "step": 0.01}, "rows would fit"),
        ({"kind": "sampled", "times": [1.0]}, "give a step"),
        ({"kind": "linear", "times": [1.0], "step": 0.5, "alpha": 0.2}, "infinite depth"),
    ],
)
def test_bad_input_is_refused(specification, words):
    with pytest.raises(ConfigurationError, match=words):
        theory_rows(specification)
