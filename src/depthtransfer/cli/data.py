"""`depthtransfer data`: the declared data sets, and declarations for folders of one's own."""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="what config/datasets.yaml declares")
    check = actions.add_parser("check", help="load a data set, downloading or decoding it if needed, and verify it")
    check.add_argument("name", help="a data set of config/datasets.yaml")
    declare = actions.add_parser("declare", help="print the entry for an image folder or a zip of one")
    declare.add_argument("name", help="what to call the data set")
    declare.add_argument("path", type=Path, help="directory or zip: <split>/<class>/<image>")
    declare.add_argument("--train-split", default="train", help="folder of the training images (%(default)s)")
    declare.add_argument("--test-split", help="folder of the test images (default: test or val)")


def run(arguments: argparse.Namespace) -> int:
    """List, check or declare."""
    from depthtransfer.data import default_data_directory, fingerprint, load, load_declarations, yaml_entry
    from depthtransfer.errors import ConfigurationError

    directory = default_data_directory()
    if arguments.action == "declare":
        declaration = fingerprint(arguments.path, directory, arguments.train_split, arguments.test_split)
        print(yaml_entry(arguments.name, declaration))
        return 0
    declarations = load_declarations(Path("config/datasets.yaml"))
    if arguments.action == "list":
        for name, declaration in declarations.items():
            print(f"{name}: {declaration.description}")
        return 0
    if arguments.name not in declarations:
        raise ConfigurationError(
            f"config/datasets.yaml: data set {arguments.name!r} is unknown",
            f"choose one of {', '.join(declarations)}",
        )
    loaded = load(arguments.name, declarations[arguments.name], directory)
    print(f"{arguments.name}: {len(loaded.images)} training images, fingerprint verified")
    return 0
