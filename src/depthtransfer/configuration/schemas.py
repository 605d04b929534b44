"""JSON schemas of the configuration, for editors and reviewers: `python -m depthtransfer.configuration.schemas`.

The typed models are their one home; workflow/schemas/ is written from them, and a test keeps the two in step.
"""

import json
from pathlib import Path

from pydantic import BaseModel

from depthtransfer.configuration.experiment import Experiment
from depthtransfer.configuration.machines import Machines
from depthtransfer.configuration.preset import Preset
from depthtransfer.configuration.theory import TheoryScale

FOLDER = Path("workflow/schemas")


def texts() -> dict[str, str]:
    """Content of each schema file by its name; a preset's is of the form after `extends` and `defaults` are merged."""
    models: dict[str, type[BaseModel]] = {
        "experiment": Experiment,
        "machines": Machines,
        "preset": Preset,
        "theory": TheoryScale,
    }
    return {
        f"{name}.schema.json": json.dumps(model.model_json_schema(), indent=2, sort_keys=True) + "\n"
        for name, model in models.items()
    }


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file, text in texts().items():
        (FOLDER / file).write_text(text, encoding="utf-8")
