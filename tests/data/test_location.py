from pathlib import Path

from depthtransfer.data import default_data_directory


def test_variable_comes_first() -> None:
    assert default_data_directory({"DEPTHTRANSFER_DATA": "/there"}) == Path("/there")
    assert default_data_directory({"DEPTHTRANSFER_DATA": ""}) == Path("data")
    assert default_data_directory({}) == Path("data")
