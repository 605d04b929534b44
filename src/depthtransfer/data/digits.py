"""The 8x8 handwritten digits that come with scikit-learn: no download, for tests and the smoke preset."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from depthtransfer.data.declaration import SPLITS, Arrays, Declaration, verify_fingerprint
from depthtransfer.data.hashing import hash_arrays

_LEVELS = 16
_EVERY_FIFTH = 5
_BUNDLED = Path("datasets", "data", "digits.csv.gz")


def read(name: str, declaration: Declaration, data_directory: Path) -> Arrays:
    """Return the 1797 digits, levels 0…16 scaled to 0…255; every fifth image is a test image.

    Raises:
        DataError: scikit-learn carries other digits than the declared ones.
    """
    levels, digits = _levels_and_labels()
    images = np.rint(levels * (255 / _LEVELS)).astype(np.uint8).reshape(-1, 1, 8, 8)
    labels = digits.astype(np.int64)
    is_test = np.arange(len(labels)) % _EVERY_FIFTH == _EVERY_FIFTH - 1
    chosen = dict(zip(SPLITS, (~is_test, is_test), strict=True))
    arrays = Arrays(
        images={split: images[chosen[split]] for split in SPLITS},
        labels={split: labels[chosen[split]] for split in SPLITS},
        classes=tuple(str(digit) for digit in range(10)),
    )
    verify_fingerprint(name, declaration, hash_arrays(arrays))
    return arrays


def _levels_and_labels() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Read scikit-learn's file without importing scikit-learn, which takes seconds in each process.

    Should a later release keep the file elsewhere, scikit-learn is asked.
    """
    package = find_spec("sklearn")
    for folder in (package and package.submodule_search_locations) or ():
        if (Path(folder) / _BUNDLED).is_file():
            table = np.loadtxt(Path(folder) / _BUNDLED, delimiter=",")
            return table[:, :-1], table[:, -1]
    from sklearn.datasets import load_digits

    levels, labels = load_digits(return_X_y=True)
    return levels, labels
