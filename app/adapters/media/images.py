"""Handed-in pictures, made into small squares that carry nothing but what is seen. Pillow is known here alone."""

import io
import threading
from collections.abc import Sequence
from typing import BinaryIO

from PIL import Image

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
# a WebP of so many takes 280 MB while it is read; of a JPEG only every second, fourth or eighth pixel is
MOST_PIXELS = 16_000_000
MOST_PIXELS_OF_JPEG = 50_000_000
_ORIENTATION = 0x0112  # EXIF 2.32, 4.6.4: how the camera was held
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_one_at_a_time = threading.Lock()  # in a process: what is read takes memory, and many may be handed in at once


class NotAPicture(ValueError):
    """The bytes are no picture of a kind we read, or a damaged one."""


class TooManyPixels(ValueError):
    """A small file that would fill the memory. The message says how many pixels there may be."""


def squares(file: BinaryIO, sides: Sequence[int]) -> dict[int, bytes]:
    """The middle of the picture as WebP squares of these sides in pixels, the right way up, without its metadata.

    The kind is told by the content, never by a name. Of a moving picture it is the first frame. Raises NotAPicture,
    TooManyPixels.
    """
    try:
        with _one_at_a_time, Image.open(file, formats=FORMATS) as image:
            _check_size(image)
            turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
            image.draft("RGB", (max(sides), max(sides)))
            square = _middle(image)
    except (TooManyPixels, Image.DecompressionBombError) as error:
        raise TooManyPixels(f"at most {MOST_PIXELS:,} pixels, {MOST_PIXELS_OF_JPEG:,} of a JPEG") from error
    except Exception as error:  # a decoder stumbles over damaged bytes in a dozen ways
        raise NotAPicture("no readable picture") from error
    return {side: _webp(square, side, turn) for side in sides}


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if width * height > (MOST_PIXELS_OF_JPEG if image.format == "JPEG" else MOST_PIXELS):
        raise TooManyPixels


def _middle(image: Image.Image) -> Image.Image:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.crop((left, top, left + side, top + side))
    return square.convert("RGBA" if image.has_transparency_data else "RGB")


def _webp(square: Image.Image, side: int, turn: Image.Transpose | None) -> bytes:
    small = square.resize((side, side), Image.Resampling.LANCZOS)
    if turn is not None:  # the middle square is the same before and after
        small = small.transpose(turn)
    small.info.clear()
    written = io.BytesIO()
    small.save(written, "WEBP", quality=82)
    return written.getvalue()
