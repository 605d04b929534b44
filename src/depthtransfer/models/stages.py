"""What every network whose blocks are shared by stages asks of its sizes."""

from depthtransfer.errors import ConfigurationError


def check_stages(model: str, stages: int, *, width: int, depth: int) -> None:
    """Refuse a width without channels and a depth that does not give every stage the same number of blocks.

    Raises:
        ConfigurationError: naming the model and what would be right.
    """
    if width < 1:
        raise ConfigurationError(f"width = {width} of the {model}", "give a positive number of channels")
    if depth < stages or depth % stages:
        raise ConfigurationError(
            f"depth = {depth} of the {model} cannot be shared by {stages} stages",
            f"give a positive multiple of {stages}",
        )
