"""Pictures are stored upright and without metadata, with a thumbnail; what would choke a decoder is refused."""

import contextlib
import io
import random
import struct
import zlib

import pytest
from PIL import Image, ImageSequence

from messaging.attachments import pictures
from messaging.attachments.pictures import prepare
from messaging.attachments.refusals import Refused
from messaging.attachments.room import Busy

from . import samples

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")
RED, BLUE = (255, 0, 0), (0, 0, 255)


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def near(colour: tuple[int, ...], expected: tuple[int, ...]) -> bool:
    return all(abs(one - other) < 60 for one, other in zip(colour, expected, strict=False))


@pytest.mark.parametrize("kind", FORMATS)
def test_metadata_are_removed(kind):
    sent = samples.picture(kind, (64, 32))
    assert kind == "BMP" or samples.SECRET.encode() in sent
    prepared = prepare(sent, kind)
    assert samples.SECRET.encode() not in prepared.content
    image = opened(prepared.content)
    assert image.format == kind
    assert not {samples.MAKE, samples.GPS, samples.ORIENTATION} & (set(image.getexif()) - _own_tags(kind))
    assert image.size == (prepared.width, prepared.height) == (64, 32)


def _own_tags(kind: str) -> set[int]:
    return {samples.ORIENTATION} if kind == "TIFF" else set()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_orientation_is_applied_before_it_is_removed(kind):
    prepared = prepare(samples.picture(kind, (64, 32), orientation=6), kind)  # turned by a quarter
    image = opened(prepared.content).convert("RGB")
    assert image.size == (prepared.width, prepared.height) == (32, 64)
    assert near(image.getpixel((16, 4)), RED)
    assert near(image.getpixel((16, 60)), BLUE)
    thumbnail = opened(prepared.thumbnail).convert("RGB")
    assert near(thumbnail.getpixel((16, 4)), RED)


def test_what_follows_the_end_of_a_picture_is_removed():
    for kind in ("JPEG", "PNG", "GIF", "WEBP"):
        assert b"<script>" not in prepare(samples.picture(kind, (64, 32)) + b"<script>", kind).content


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_an_animation_stays_one(kind):
    prepared = prepare(samples.animation(kind), kind)
    assert samples.SECRET.encode() not in prepared.content
    image = opened(prepared.content)
    colours = [frame.convert("RGB").getpixel((3, 3)) for frame in ImageSequence.Iterator(image)]
    assert len(colours) == 3
    assert near(colours[0], RED)
    assert near(colours[2], BLUE)


def test_the_pixels_of_formats_without_loss_stay_as_they_were():
    sent = samples.picture("PNG", (64, 32))
    assert opened(prepare(sent, "PNG").content).tobytes() == opened(sent).tobytes()


def test_a_photograph_keeps_its_quality_and_its_colour_profile():
    noise = Image.effect_noise((200, 200), 80).convert("RGB")
    out = io.BytesIO()
    noise.save(out, "JPEG", quality=85, icc_profile=b"profile of a display", progressive=True)
    image = opened(prepare(out.getvalue(), "JPEG").content)
    assert image.quantization == opened(out.getvalue()).quantization
    assert image.info["icc_profile"] == b"profile of a display"
    assert "progressive" in image.info


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_thumbnail_is_made_of_every_kind_of_pixels(mode):
    out = io.BytesIO()
    Image.new(mode, (800, 400)).save(out, "PNG")
    thumbnail = opened(prepare(out.getvalue(), "PNG").thumbnail)
    assert (thumbnail.format, thumbnail.size) == ("WEBP", (320, 160))


def test_a_picture_for_print_is_accepted():
    out = io.BytesIO()
    Image.new("CMYK", (400, 800), (0, 255, 255, 0)).save(out, "JPEG")
    prepared = prepare(out.getvalue(), "JPEG")
    assert opened(prepared.content).mode == "CMYK"
    assert opened(prepared.thumbnail).size == (160, 320)
    assert near(opened(prepared.thumbnail).convert("RGB").getpixel((5, 5)), RED)


def test_a_small_picture_is_not_enlarged():
    assert opened(prepare(samples.picture("PNG", (20, 10)), "PNG").thumbnail).size == (20, 10)


def test_transparency_is_kept_in_the_thumbnail():
    out = io.BytesIO()
    Image.new("RGBA", (50, 50), (255, 0, 0, 0)).save(out, "PNG")
    assert opened(prepare(out.getvalue(), "PNG").thumbnail).getpixel((10, 10))[3] == 0


def test_all_pages_of_a_scan_are_kept():
    out = io.BytesIO()
    pages = [Image.new("1", (40, 60), number % 2) for number in range(3)]
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:], compression="group4")
    image = opened(prepare(out.getvalue(), "TIFF").content)
    assert image.n_frames == 3
    image.seek(1)
    assert image.convert("L").getpixel((5, 5)) == 255


def _png_of_size(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that claims these dimensions."""

    def part(name: bytes, body: bytes) -> bytes:
        return struct.pack(">L", len(body)) + name + body + struct.pack(">L", zlib.crc32(name + body))

    head = part(b"IHDR", struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + part(b"IDAT", zlib.compress(b"\0" * 1000)) + part(b"IEND", b"")


@pytest.mark.parametrize("size", [(10_000, 5_001), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(size, monkeypatch):
    monkeypatch.setattr(Image.Image, "load", None)
    with pytest.raises(Refused) as refused:
        prepare(_png_of_size(*size), "PNG")
    assert refused.value.code == "too_many_pixels"
    assert str(refused.value) == "The picture has more than 50 million pixels."


def test_the_pages_of_a_scan_count_together(monkeypatch):
    out = io.BytesIO()
    pages = [Image.new("L", (100, 100)) for _ in range(3)]
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    monkeypatch.setattr(pictures, "MOST_PIXELS", 25_000)
    with pytest.raises(Refused) as refused:
        prepare(out.getvalue(), "TIFF")
    assert refused.value.code == "too_many_pixels"


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_picture_that_is_cut_off_is_refused(kind, part):
    noise = Image.effect_noise((100, 100), 80).convert("RGB")
    out = io.BytesIO()
    noise.save(out, kind)
    with pytest.raises(Refused) as refused:
        prepare(out.getvalue()[: int(len(out.getvalue()) * part)], kind)
    assert refused.value.code == "broken_picture"


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("kind", FORMATS)
def test_no_damage_to_a_picture_causes_another_error(kind):
    sent = bytearray(samples.picture(kind, (64, 32)))
    random_bytes = random.Random(20261130)
    for _ in range(60):
        damaged = bytearray(sent)
        for _ in range(4):
            damaged[random_bytes.randrange(len(damaged))] = random_bytes.randrange(256)
        with contextlib.suppress(Refused):
            prepare(bytes(damaged), kind)


def test_an_upload_that_waits_too_long_for_others_is_told_so(monkeypatch):
    monkeypatch.setattr(pictures, "WAIT_SECONDS", 0.01)
    with pictures._room.taken(pictures.MOST_PIXELS, None, 1), pytest.raises(Busy):
        prepare(samples.picture("PNG"), "PNG")
