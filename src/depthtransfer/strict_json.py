"""JSON that programs wrote for programs, in a typed form that refuses whatever it does not know."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from depthtransfer.errors import StoreError

Model = TypeVar("Model", bound=BaseModel)


class StrictJson(BaseModel):
    """A frozen model of JSON: unknown keys and values of another type are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def parse_json(model: type[Model], text: str | bytes, what: str, remedy: str) -> Model:
    """Return the typed form of a text.

    Args:
        model: its form.
        text: JSON.
        what: where it stands, for the message.
        remedy: what would be right.

    Raises:
        StoreError: if it is not JSON, or of another form.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise StoreError(f"{what} has another form than expected: {where}: {first['msg']}", remedy) from error
