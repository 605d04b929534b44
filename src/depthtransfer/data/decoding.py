"""One encoded image to an array."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
from PIL import Image

from depthtransfer.errors import DataError

FORMATS = ("JPEG", "PNG", "PPM", "BMP", "TIFF", "WEBP")
EIGHT_BIT_MODES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"})
REMEDY = "replace or remove the image"


@contextmanager
def strict_decoding() -> Iterator[None]:
    """Turn images of absurd size into errors, and keep Pillow's remarks about odd files off the terminal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def decode(where: str, content: bytes, channels: int, size: int, resize: bool) -> npt.NDArray[np.uint8]:
    """Decode an image to uint8 of shape (channels, size, size); call it within `strict_decoding`.

    Grey images of a colour set get three equal channels. With `resize`, images of another size are cropped to
    their centred square and scaled bilinearly.

    Raises:
        DataError: the image is damaged, has another size, or more than 8 bits a channel.
    """
    image = _open(where, content)
    if image.size != (size, size) and not resize:
        width, height = image.size
        raise DataError(
            f"{where}: {width}x{height} pixels instead of {size}x{size}",
            "say `resize: true` or correct image_size",
        )
    try:
        converted = image.convert("RGB" if channels == 3 else "L")
        if converted.size != (size, size):
            converted = _centred_square(converted).resize((size, size), Image.Resampling.BILINEAR)
        pixels = np.asarray(converted, dtype=np.uint8)
    except MemoryError:
        raise
    except Exception as error:  # what Pillow's plugins raise on damaged files is not documented
        raise DataError(f"{where}: damaged image ({error})", REMEDY) from error
    return pixels.reshape(size, size, channels).transpose(2, 0, 1)


def form(where: str, content: bytes) -> tuple[int, int, int]:
    """Return channels (1 or 3), height and width from an image's header; call it within `strict_decoding`.

    Raises:
        DataError: the header is damaged.
    """
    image = _open(where, content)
    return (1 if image.mode in {"1", "L", "LA"} else 3), image.height, image.width


def _centred_square(image: Image.Image) -> Image.Image:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


def _open(where: str, content: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except MemoryError:
        raise
    except Exception as error:  # what Pillow's plugins raise on damaged files is not documented
        reason = "too large" if isinstance(error, Image.DecompressionBombWarning) else "not recognized"
        raise DataError(f"{where}: damaged image ({reason})", REMEDY) from error
    if image.mode not in EIGHT_BIT_MODES:
        raise DataError(f"{where}: pixels of mode {image.mode}", "convert the image to 8 bits a channel")
    return image
