"""The plan on models of torch and torchvision as they are: what the tool promises, measured."""

from dataclasses import replace
from functools import partial

from depthtransfer.claims import transfer
from depthtransfer.claims.claim import Claim, Evidence
from depthtransfer.claims.verdict import Finding, Verdict, all_of

_STAYS = {"depth": transfer.DEPTH_STAYS, "width": transfer.WIDTH_STAYS}


def _transfers_with_the_plan_only(experiment: str, evidence: Evidence) -> Finding:
    optima = evidence.optima(experiment)
    planned, plain = (
        [transfer.judge_slope(transfer.select(optima, scheme, experiment), over, _STAYS[over]) for over in _STAYS]
        for scheme in ("planned", "sp")
    )
    return all_of(*planned, _one_moves(plain))


def _one_moves(findings: list[Finding]) -> Finding:
    """Of findings that ask whether an optimum stays: whether it does not along one axis at least."""
    moving = next((each for each in findings if each.verdict is Verdict.NOT_REPRODUCED), None)
    if moving is not None:
        return replace(moving, verdict=Verdict.REPRODUCED, missing="")
    undecided = next((each for each in findings if each.verdict is not Verdict.REPRODUCED), None)
    return undecided or replace(findings[0], verdict=Verdict.NOT_REPRODUCED)


def _claim(number: int, experiment: str, model: str) -> Claim:
    return Claim(
        f"T{number}",
        "the tool",
        f"With the plan the best learning rate of {model} stays over width and depth; with the library's own "
        "initialization and one rate it moves.",
        "slopes of log2(optimum) over log2(depth) and over log2(width)",
        "with the plan within 1/4 of 0 over depth and within 1/2 over width, without it one of them outside",
        f"As A1 and A4. {transfer.WHY_A_QUARTER} {transfer.WHY_A_HALF}",
        (f"{experiment}/optima.parquet",),
        partial(_transfers_with_the_plan_only, experiment),
        "tool",
    )


CLAIMS = (
    _claim(1, "tool_resnet", "torchvision's ResNet"),
    _claim(2, "tool_vit", "torchvision's vision transformer"),
    _claim(3, "tool_encoder", "torch's TransformerEncoder"),
)
