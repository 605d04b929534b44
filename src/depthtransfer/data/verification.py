"""Whether the data found are the data declared."""

from collections.abc import Mapping

from depthtransfer.data.dataset import SPLITS, Arrays, Split
from depthtransfer.data.declaration import Declaration
from depthtransfer.errors import DataError


def verify_sizes(where: str, declaration: Declaration, classes: int, images: Mapping[Split, int]) -> None:
    """Compare the numbers of classes and images with the declared ones.

    Raises:
        DataError: they differ.
    """
    found = {"classes": classes, **{f"{split}_images": images[split] for split in SPLITS}}
    declared = {
        "classes": declaration.classes,
        "train_images": declaration.train_images,
        "test_images": declaration.test_images,
    }
    differing = [f"{key} {found[key]} instead of {declared[key]}" for key in declared if found[key] != declared[key]]
    if differing:
        raise DataError(f"{where}: {', '.join(differing)}", declaration.remedy)


def verify_arrays(where: str, declaration: Declaration, arrays: Arrays) -> None:
    """Compare sizes and shapes of arrays with the declared ones.

    Raises:
        DataError: they differ.
    """
    counts = {split: len(arrays.labels[split]) for split in SPLITS}
    verify_sizes(where, declaration, len(arrays.classes), counts)
    for split in SPLITS:
        form = (counts[split], declaration.channels, declaration.image_size, declaration.image_size)
        if arrays.images[split].shape != form:
            raise DataError(
                f"{where}: {split} images of shape {arrays.images[split].shape} instead of {form}",
                "correct channels and image_size of its declaration",
            )


def verify_fingerprint(where: str, declaration: Declaration, found: str) -> None:
    """Compare a fingerprint with the declared one.

    Raises:
        DataError: they differ.
    """
    if found != declaration.fingerprint:
        raise DataError(
            f"{where}: fingerprint {found} instead of the declared {declaration.fingerprint}",
            f"{declaration.remedy}; declare data that are meant to differ under a name of their own",
        )
