"""Where data sets lie."""

import os
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "DEPTHTRANSFER_DATA"


def default_data_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the directory named by DEPTHTRANSFER_DATA, else `data` under the working directory."""
    return Path(environment.get(VARIABLE) or "data")
