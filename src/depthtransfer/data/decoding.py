"""One encoded image to an array."""

import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
from PIL import Image

from depthtransfer.errors import DataError

FORMATS = ("JPEG", "PNG", "PPM", "BMP", "TIFF", "WEBP")
EIGHT_BIT_MODES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"})
GREY_MODES = frozenset({"1", "L", "LA"})
REMEDY = "replace or remove the image"
_SCALE_DOWN = "scale the image down or remove it"


@contextmanager
def strict_decoding() -> Iterator[None]:
    """Turn images of absurd size into errors, and keep Pillow's remarks about odd files off the terminal.

    What warnings do is one setting of the whole process: entered by one thread, it holds for all.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def stay_silent() -> None:
    """Keep Pillow's remarks off the terminal from now on: for threads that decode while others do other things."""
    warnings.filterwarnings("ignore", module=r"PIL\.")


def decode(where: str, content: bytes, channels: int, size: int, resize: bool) -> npt.NDArray[np.uint8]:
    """Decode an image to uint8 of shape (channels, size, size); call it within `strict_decoding`.

    Every mode of 8 bits a channel is converted as torchvision's loader does it: grey images of a colour set get
    three equal channels, palettes are looked up, CMYK becomes RGB, transparency is dropped. With `resize`, images
    of another size are cropped to their centred square and scaled bilinearly, the picture of torchvision's
    `Resize` of the shorter side and `CenterCrop` to the same size.

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


def form(where: str, content: bytes) -> tuple[str, int, int]:
    """Return Pillow's mode, height and width from an image's header; call it within `strict_decoding`.

    Raises:
        DataError: the header is damaged.
    """
    image = _open(where, content)
    return image.mode, image.height, image.width


def conversions(modes: Mapping[str, int], channels: int) -> str:
    """Say how many images of which mode are converted to the declared channels; nothing where none is."""
    target = "RGB" if channels == 3 else "L"
    others = [f"{count} of mode {mode}" for mode, count in sorted(modes.items()) if mode != target]
    return f"converted to {target}: {', '.join(others)}" if others else ""


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
        if isinstance(error, Image.DecompressionBombWarning | Image.DecompressionBombError):
            raise DataError(f"{where}: too large ({error})", _SCALE_DOWN) from error
        raise DataError(f"{where}: damaged image (not recognized)", REMEDY) from error
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and image.width * image.height > limit:
        raise DataError(f"{where}: too large ({image.width}x{image.height} pixels, at most {limit})", _SCALE_DOWN)
    if image.mode not in EIGHT_BIT_MODES:
        raise DataError(f"{where}: pixels of mode {image.mode}", "convert the image to 8 bits a channel")
    return image
