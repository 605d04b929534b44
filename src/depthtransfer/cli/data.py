"""`depthtransfer data`: the declared data sets, and declarations for folders of one's own."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from depthtransfer.data import Declaration


DATASETS = Path("config/datasets.yaml")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    from depthtransfer.cli.options import positive

    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="what config/datasets.yaml declares")
    check = actions.add_parser("check", help="load a data set, downloading or decoding it if needed, and verify it")
    check.add_argument("name", help="a data set of config/datasets.yaml")
    declare = actions.add_parser("declare", help="print the entry for a text, an image folder or a zip of one")
    declare.add_argument("name", help="what to call the data set")
    declare.add_argument("path", type=Path, help="directory or zip: <split>/<class>/<image>; or a text")
    declare.add_argument("--train-split", default="train", help="folder of the training images (%(default)s)")
    declare.add_argument("--test-split", help="folder of the test images (default: test or val)")
    declare.add_argument(
        "--test-every",
        type=positive,
        help="the folder is <class>/<image>; every so-manieth image of each class is a test image",
    )
    declare.add_argument(
        "--size", type=positive, help="scale and crop all images to this many pixels (default: the smallest)"
    )
    declare.add_argument("--context", type=positive, help="the path is a plain text; characters of a window")
    declare.add_argument("--streamed", action="store_true", help="decode images when a batch needs them")
    record = actions.add_parser("fingerprint", help="read a declared image folder once and print its fingerprint")
    record.add_argument("name", help="a data set of config/datasets.yaml")


def run(arguments: argparse.Namespace) -> int:
    """List, check, declare or fingerprint."""
    from depthtransfer.data import default_data_directory, load, load_declarations
    from depthtransfer.errors import ConfigurationError

    directory = default_data_directory()
    if arguments.action == "declare":
        return _declare(arguments, directory)
    declarations = load_declarations(DATASETS)
    if arguments.action == "list":
        for name, declaration in declarations.items():
            print(f"{name}: {declaration.description}")
        return 0
    if arguments.name not in declarations:
        raise ConfigurationError(
            f"{DATASETS}: data set {arguments.name!r} is unknown",
            f"choose one of {', '.join(declarations)}",
        )
    chosen = declarations[arguments.name]
    if arguments.action == "fingerprint":
        return _fingerprint(arguments.name, chosen, directory)
    loaded = load(arguments.name, chosen, directory)
    kind = "windows" if chosen.kind == "text" else "images"
    print(f"{arguments.name}: {len(loaded.images)} training {kind}, fingerprint verified")
    return 0


def _declare(arguments: argparse.Namespace, directory: Path) -> int:
    from depthtransfer.data import load_declarations, text
    from depthtransfer.data.decoding import conversions
    from depthtransfer.data.image_folder import survey, yaml_entry
    from depthtransfer.errors import ConfigurationError

    names = load_declarations(DATASETS) if DATASETS.exists() else {}
    if arguments.name in names:
        raise ConfigurationError(
            f"{DATASETS}: {arguments.name} is declared already", "choose another name, or remove that entry first"
        )
    if arguments.context is not None:
        print(yaml_entry(arguments.name, text.declare(arguments.path, directory, arguments.context)))
        return 0
    found = survey(arguments.path, directory, arguments.train_split, arguments.test_split, arguments.test_every)
    declaration = found.declaration.model_copy(update={"streamed": arguments.streamed})
    if arguments.size is not None:
        declaration = declaration.model_copy(update={"image_size": arguments.size, "resize": True})
    if converted := conversions(found.modes, declaration.channels):
        print(f"# {converted}")
    print(yaml_entry(arguments.name, declaration))
    return 0


def _fingerprint(name: str, declaration: "Declaration", directory: Path) -> int:
    from depthtransfer.errors import ConfigurationError

    if declaration.kind != "image_folder":
        raise ConfigurationError(f"{DATASETS}: {name} is of kind {declaration.kind}", "only image folders are measured")
    from depthtransfer.data.verified_files import record

    found = record(name, declaration, directory)
    print(f"  fingerprint: {found.fingerprint}")
    if declaration.fingerprint not in (None, found.fingerprint):
        print(f"  # {DATASETS} says {declaration.fingerprint}")
    return 0
