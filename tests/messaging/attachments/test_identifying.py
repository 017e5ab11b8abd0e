"""The type of a file comes from its content: what is accepted, and what is not."""

import io
import zipfile

import pytest

from messaging.attachments import office_files
from messaging.attachments.content_types import BY_MEDIA_TYPE, Kind
from messaging.attachments.identifying import identify
from messaging.attachments.refusals import Refused

from . import samples

OFFICE = "application/vnd.openxmlformats-officedocument."
OPEN = "application/vnd.oasis.opendocument."
ACCEPTED = {
    "image/jpeg": samples.picture("JPEG"),
    "image/png": samples.picture("PNG"),
    "image/gif": samples.picture("GIF"),
    "image/webp": samples.picture("WEBP"),
    "image/bmp": samples.picture("BMP"),
    "image/tiff": samples.picture("TIFF"),
    "video/mp4": samples.iso_media("isom"),
    "video/quicktime": samples.iso_media("qt  "),
    "video/webm": b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm" + b"\0" * 40,
    "audio/mp4": samples.iso_media("M4A "),
    "audio/mpeg": b"ID3\x04\0\0\0\0\0\0" + b"\xff\xfb\x90\0" * 10,
    "audio/ogg": b"OggS\0\x02" + b"\0" * 40,
    "audio/x-flac": b"fLaC\0\0\0\x22" + b"\0" * 40,
    "audio/x-wav": samples.wave(),
    "application/pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n",
    "application/rtf": b"{\\rtf1\\ansi Hello}",
    "application/msword": samples.compound("WordDocument"),
    "application/vnd.ms-excel": samples.compound("Workbook"),
    "application/vnd.ms-powerpoint": samples.compound("PowerPoint Document"),
    OFFICE + "wordprocessingml.document": samples.office_xml("word"),
    OFFICE + "spreadsheetml.sheet": samples.office_xml("xl"),
    OFFICE + "presentationml.presentation": samples.office_xml("ppt"),
    OPEN + "text": samples.open_document("text"),
    OPEN + "spreadsheet": samples.open_document("spreadsheet"),
    OPEN + "presentation": samples.open_document("presentation"),
    "application/zip": samples.archive(a__b="hello"),
    "text/plain": "Mabuhay, ¡hola!\n".encode(),
    "text/html": b"\xef\xbb\xbf\n<!-- a note -->\n<!DOCTYPE html><script>alert(1)</script>",
    "image/svg+xml": b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>',
}


def media_type(content: bytes) -> str:
    return identify(io.BytesIO(content)).media_type


@pytest.mark.parametrize("name", sorted(ACCEPTED))
def test_a_file_that_is_accepted_has_the_type_of_its_content(name):
    assert media_type(ACCEPTED[name]) == name


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"MZ\x90\0\x03" + b"\0" * 100, id="a program of Windows"),
        pytest.param(b"\x7fELF\x02\x01\x01" + b"\0" * 100, id="a program of Linux"),
        pytest.param(samples.compound("!_StringData"), id="an installer"),
        pytest.param(b"\x1f\x8b\x08\0" + b"\0" * 40, id="gzip"),
        pytest.param(b"Rar!\x1a\x07\x01\0" + b"\0" * 40, id="rar"),
        pytest.param(b"PK\x03\x04 and then nothing of an archive \0", id="an archive without contents"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", id="a compound file that is cut off"),
        pytest.param(samples.iso_media("heic"), id="a picture whose metadata cannot be removed"),
        pytest.param(b"\0" * 100, id="zeros"),
        pytest.param(b"\xff\xfea\0b\0\0\0c\0", id="UTF-16 with a control character"),
        pytest.param(b"\xff\xfe\0\xd8a\0", id="broken UTF-16"),
        pytest.param(b"Hello\x1b]0;", id="text that steers a terminal"),
    ],
)
def test_other_content_is_not_accepted(content):
    with pytest.raises(Refused) as refused:
        identify(io.BytesIO(content))
    assert refused.value.code == "unsupported_type"


def test_an_empty_file_is_not_accepted():
    with pytest.raises(Refused) as refused:
        identify(io.BytesIO(b""))
    assert refused.value.code == "empty_file"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"BM is how this text begins, like a bitmap", "text/plain"),
        (b"#!/bin/sh\nrm -rf /\n", "text/plain"),
        ("caf\xe9;1,50\r\n".encode("latin-1"), "text/plain"),
        ("<!doctype html>".encode("utf-16"), "text/html"),
        ("Grüße".encode("utf-16"), "text/plain"),
        (b"  <script src=x>", "text/html"),
        (b"<x:svg xmlns:x='http://www.w3.org/2000/svg'>", "image/svg+xml"),
        (b"<?xml version='1.0'?><gpx version='1.1'>", "text/plain"),
        (b"<3 you all", "text/plain"),
        (samples.archive(mimetype="application/vnd.oasis.opendocument.text-template"), "application/zip"),
        (samples.archive(word__document_xml="no list of types"), "application/zip"),
    ],
)
def test_text_and_archives_are_told_apart_by_what_is_in_them(content, expected):
    assert media_type(content) == expected


def test_only_raster_pictures_are_shown_in_a_page():
    shown = {one.media_type for one in BY_MEDIA_TYPE.values() if one.inline}
    assert shown == {"image/jpeg", "image/png", "image/gif", "image/webp"}
    for name in ("text/html", "image/svg+xml", "application/pdf"):
        assert BY_MEDIA_TYPE[name].served_as == "application/octet-stream"


def test_the_kind_comes_from_the_content():
    kinds = {name: identify(io.BytesIO(content)).kind for name, content in ACCEPTED.items()}
    assert kinds["image/png"] is Kind.IMAGE
    assert kinds["video/mp4"] is Kind.VIDEO
    assert kinds["audio/mpeg"] is Kind.AUDIO
    assert kinds["application/pdf"] is kinds["image/svg+xml"] is kinds["text/html"] is Kind.DOCUMENT


def test_an_archive_that_unpacks_to_more_than_a_gigabyte_is_not_accepted(monkeypatch):
    monkeypatch.setattr(office_files, "LARGEST_UNPACKED", 1000)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("zeros", b"\0" * 1001)
    with pytest.raises(Refused) as refused:
        identify(out)
    assert refused.value.code == "archive_too_large"


def test_an_old_document_whose_list_of_streams_runs_in_a_circle_is_read_in_bounds():
    content = bytearray(samples.compound("nothing known"))
    content[512 + 4 : 512 + 8] = (1).to_bytes(4, "little")  # sector 1 follows itself
    with pytest.raises(Refused):
        identify(io.BytesIO(bytes(content)))


def test_the_file_is_left_at_its_beginning():
    file = io.BytesIO(ACCEPTED["application/zip"])
    identify(file)
    assert file.tell() == 0
