"""A scale of the theory's studies that is solved in seconds."""

from copy import deepcopy
from typing import Any

from depthtransfer.configuration import TheoryScale

NETWORKS = [{"widths": [8, 16], "depths": [2, 4], "seeds": 32, "block": 16}]
CONTENT: dict[str, Any] = {
    "title": "tiny",
    "fig6": {"activations": ["linear", "relu"], "correlation": 0.3, "depths": [2, 4, 8], "networks": NETWORKS},
    "fig7": {
        "target": 1.0,
        "learning_rate": 0.02,
        "updates": 3,
        "gamma0": [0.5, 1.0],
        "limit_depths": [2, 4, 8],
        "networks": NETWORKS,
        "one_step": {"learning_rate": 0.2, "gamma0": [0.5, 1.0], "depths": [4, 8], "networks": NETWORKS},
    },
    "rates": {
        "target": 1.0,
        "learning_rate": 0.03,
        "updates": 2,
        "gamma0": 0.5,
        "limit_depths": [2, 4, 8],
        "depths": [2, 4, 8],
        "networks": NETWORKS,
        "identity": {"width": 8, "depth": 4, "gamma0": 1, "learning_rate": 0.004, "updates": 3, "seeds": 8},
    },
    "optimum": {
        "kernel": [[1, 0.6], [0.6, 1]],
        "targets": [1, 0.5],
        "gamma0": 1,
        "beta": 1,
        "updates": 2,
        "learning_rates": {"log2": [-5, -3.5, 0.5]},
        "depths": [2, 4],
        "network_depths": [2],
        "widths": [16],
        "seeds": 16,
        "gamma0_range": [0.5, 1],
        "beta_range": [1],
    },
    "nonlinear": {
        "activations": ["relu", "tanh"],
        "target": 1.0,
        "learning_rate": 0.1,
        "updates": 3,
        "gamma0": 1,
        "limit_depths": [2, 4, 8],
        "depths": [2, 4, 8],
        "samples": 256,
        "replicas": 2,
        "networks": NETWORKS,
    },
    "linear": {
        "target": 1.0,
        "learning_rate": 0.25,
        "updates": 5,
        "gamma0": 1,
        "limit_depths": [4, 8, 16],
        "depths": [4, 8, 16],
        "networks": [{"widths": [8, 16], "depths": [4], "seeds": 32, "block": 16}],
    },
}


def content(**sections: dict[str, Any]) -> dict[str, Any]:
    """The tiny scale with some values replaced, by section."""
    changed = deepcopy(CONTENT)
    for section, values in sections.items():
        changed[section] |= values
    return changed


def scale(**sections: dict[str, Any]) -> TheoryScale:
    """The same, validated."""
    return TheoryScale.model_validate(content(**sections))
