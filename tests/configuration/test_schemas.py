from pathlib import Path

from depthtransfer.configuration.schemas import texts

FOLDER = Path(__file__).parents[2] / "workflow/schemas"


def test_schema_files_are_those_of_the_models():
    """After a change to a model: python -m depthtransfer.configuration.schemas."""
    assert {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")} == texts()
