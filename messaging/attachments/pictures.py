"""Pictures: complete, of a bounded size, turned upright, without metadata, with a thumbnail."""

import threading
from collections.abc import Hashable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image, ImageOps, ImageSequence, JpegImagePlugin

from .metadata import REWRITERS, without_metadata
from .refusals import Refused
from .room import Busy, Room

MOST_PIXELS = 50_000_000  # of all frames that are decoded; a JPEG of this size takes 400 MB of memory for a moment
MOST_PAGES = 100  # of a TIFF
THUMBNAIL_PIXELS = 320  # of the longer side
THUMBNAIL_TYPE = "image/webp"
ORIENTATION = 0x0112
UPRIGHT = (None, 1)
SCALED = {"L", "RGB", "RGBA", "CMYK", "YCbCr"}  # modes that can be scaled as they are
WAIT_SECONDS = 20.0
# The pictures that a process decodes at once have the pixels of one, so that its memory is that of one.
_room = Room(MOST_PIXELS)
_looking = threading.Lock()  # a picture's size is read before its pixels, and what stands before them may be large, too


@dataclass(frozen=True)
class Picture:
    """A picture that is ready to be stored. ``content`` has the format of what was sent."""

    content: bytes
    width: int
    height: int
    thumbnail: bytes


def prepare(content: bytes, pillow_format: str, owner: Hashable | None = None) -> Picture:
    """Return the picture upright and without metadata, and its thumbnail (WebP). One of each ``owner`` at a time.

    Raises:
        Refused: it has more than ``MOST_PIXELS`` pixels (``too_many_pixels``), or is broken (``broken_picture``).
        Busy: other pictures kept this one waiting for ``WAIT_SECONDS``.
    """
    try:
        with _looking:
            pixels = _pixels(content, pillow_format)
        with _room.taken(pixels, owner, WAIT_SECONDS):
            return _prepare(content, pillow_format)
    except (Refused, Busy, MemoryError):
        raise
    except Image.DecompressionBombError:
        raise _too_many_pixels() from None
    except Exception as fault:  # Pillow raises many kinds of errors for invalid files
        raise Refused("broken_picture", "The picture is broken.") from fault


def _pixels(content: bytes, pillow_format: str) -> int:
    with _open(content, pillow_format) as image:
        # Of a TIFF all pages are decoded, and how large they are is not known yet.
        return MOST_PIXELS if pillow_format == "TIFF" else image.width * image.height


def _too_many_pixels() -> Refused:
    return Refused("too_many_pixels", f"The picture has more than {MOST_PIXELS // 1_000_000} million pixels.")


def _open(content: bytes, pillow_format: str) -> Image.Image:
    image = Image.open(BytesIO(content), formats=[pillow_format])
    if image.width * image.height > MOST_PIXELS:
        raise _too_many_pixels()
    return image


def _prepare(content: bytes, pillow_format: str) -> Picture:
    with _open(content, pillow_format) as image:
        orientation = image.getexif().get(ORIENTATION)
        still = getattr(image, "n_frames", 1) == 1 or pillow_format == "JPEG"
    if pillow_format == "BMP":
        cleaned = content  # has no place for metadata
    elif pillow_format in REWRITERS and (orientation in UPRIGHT or not still):
        cleaned = without_metadata(content, pillow_format)
    else:
        cleaned = _encoded_again(content, pillow_format)
    with _open(cleaned, pillow_format) as image:
        size = image.size
        return Picture(cleaned, *size, _thumbnail(image))


def _encoded_again(content: bytes, pillow_format: str) -> bytes:
    with _open(content, pillow_format) as image:
        options: dict[str, Any] = {}
        if profile := image.info.get("icc_profile"):
            options["icc_profile"] = profile
        if isinstance(image, JpegImagePlugin.JpegImageFile):
            # The tables of the original: the quality, and about the size, stay the same.
            options |= {"qtables": image.quantization, "subsampling": JpegImagePlugin.get_sampling(image)}
            options["progressive"] = "progressive" in image.info
        if pillow_format == "WEBP":
            options["quality"] = 90
        if pillow_format == "TIFF":
            pages = _pages(image)
            options |= {"compression": "tiff_lzw", "save_all": True, "append_images": pages[1:]}
        else:
            pages = [_bare(image)]
        out = BytesIO()
        pages[0].save(out, pillow_format, **options)
    return out.getvalue()


def _pages(image: Image.Image) -> list[Image.Image]:
    pages: list[Image.Image] = []
    pixels = 0
    for page in ImageSequence.Iterator(image):
        pixels += page.width * page.height
        if pixels > MOST_PIXELS or len(pages) == MOST_PAGES:
            raise _too_many_pixels()
        pages.append(_bare(page))
    return pages


def _bare(image: Image.Image) -> Image.Image:
    """A copy that has nothing but its pixels, turned as the metadata say."""
    bare = ImageOps.exif_transpose(image)  # an image of no format, so its writer finds no tags to copy
    bare.info = {name: value for name, value in bare.info.items() if name == "transparency"}
    return bare


def _thumbnail(image: Image.Image) -> bytes:
    image.draft("RGB", (THUMBNAIL_PIXELS * 2, THUMBNAIL_PIXELS * 2))  # JPEG: decoded at a fraction of its size
    image.load()
    profile = image.info.get("icc_profile") if image.mode == "RGB" else None
    if image.mode.startswith("I"):  # 16 bits of grey
        image = image.convert("I").point(lambda level: level * (1 / 256)).convert("L")
    if image.mode in SCALED:
        image.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))  # before it is converted, which would take it twice
    transparent = image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info
    shown = image.convert("RGBA" if transparent else "RGB")
    shown.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
    shown.info = {}
    out = BytesIO()
    shown.save(out, "WEBP", quality=80, **({"icc_profile": profile} if profile else {}))
    return out.getvalue()
