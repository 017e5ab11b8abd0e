"""The types of files that people may send: the allow-list, and what each type allows."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What clients show an attachment as."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"


@dataclass(frozen=True)
class ContentType:
    """A type of file that is accepted.

    ``extensions`` are those that a name may have; the first is added to any other name. ``pillow`` is Pillow's name of
    a picture's format. ``inline`` says that browsers may show the file in a page, since none of its kind can run.
    """

    media_type: str
    kind: Kind
    extensions: tuple[str, ...]
    pillow: str = ""
    inline: bool = False

    @property
    def served_as(self) -> str:
        """The Content-Type of a download: the true one for what is shown, and one that nothing opens for the rest."""
        return self.media_type if self.inline else "application/octet-stream"


TEXT_EXTENSIONS = (
    *(".txt", ".csv", ".tsv", ".md", ".log", ".json", ".geojson", ".xml", ".yaml", ".yml", ".ini", ".toml"),
    *(".ics", ".vcf", ".srt", ".vtt", ".tex", ".bib"),
)
_OFFICE_XML = "application/vnd.openxmlformats-officedocument."
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_ALL = (
    ContentType("image/jpeg", Kind.IMAGE, (".jpg", ".jpeg", ".jpe", ".jfif"), "JPEG", inline=True),
    ContentType("image/png", Kind.IMAGE, (".png",), "PNG", inline=True),
    ContentType("image/gif", Kind.IMAGE, (".gif",), "GIF", inline=True),
    ContentType("image/webp", Kind.IMAGE, (".webp",), "WEBP", inline=True),
    ContentType("image/bmp", Kind.IMAGE, (".bmp", ".dib"), "BMP"),
    ContentType("image/tiff", Kind.IMAGE, (".tif", ".tiff"), "TIFF"),
    ContentType("video/mp4", Kind.VIDEO, (".mp4", ".m4v")),
    ContentType("video/x-m4v", Kind.VIDEO, (".m4v", ".mp4")),
    ContentType("video/webm", Kind.VIDEO, (".webm",)),
    ContentType("video/x-matroska", Kind.VIDEO, (".mkv",)),
    ContentType("video/quicktime", Kind.VIDEO, (".mov", ".qt")),
    ContentType("video/x-msvideo", Kind.VIDEO, (".avi",)),
    ContentType("video/x-ms-wmv", Kind.VIDEO, (".wmv", ".asf", ".wma")),
    ContentType("video/mpeg", Kind.VIDEO, (".mpg", ".mpeg")),
    ContentType("video/3gpp", Kind.VIDEO, (".3gp", ".3gpp")),
    ContentType("audio/mpeg", Kind.AUDIO, (".mp3",)),
    ContentType("audio/mp4", Kind.AUDIO, (".m4a", ".mp4")),
    ContentType("audio/ogg", Kind.AUDIO, (".ogg", ".oga", ".opus", ".ogv")),
    ContentType("audio/x-flac", Kind.AUDIO, (".flac",)),
    ContentType("audio/x-wav", Kind.AUDIO, (".wav",)),
    ContentType("audio/aac", Kind.AUDIO, (".aac",)),
    ContentType("audio/amr", Kind.AUDIO, (".amr",)),
    ContentType("audio/x-aiff", Kind.AUDIO, (".aiff", ".aif")),
    ContentType("application/pdf", Kind.DOCUMENT, (".pdf",)),
    ContentType("application/rtf", Kind.DOCUMENT, (".rtf",)),
    ContentType("application/msword", Kind.DOCUMENT, (".doc", ".dot")),
    ContentType("application/vnd.ms-excel", Kind.DOCUMENT, (".xls", ".xlt")),
    ContentType("application/vnd.ms-powerpoint", Kind.DOCUMENT, (".ppt", ".pps")),
    ContentType(_OFFICE_XML + "wordprocessingml.document", Kind.DOCUMENT, (".docx",)),
    ContentType(_OFFICE_XML + "spreadsheetml.sheet", Kind.DOCUMENT, (".xlsx",)),
    ContentType(_OFFICE_XML + "presentationml.presentation", Kind.DOCUMENT, (".pptx",)),
    ContentType(_OPEN_DOCUMENT + "text", Kind.DOCUMENT, (".odt",)),
    ContentType(_OPEN_DOCUMENT + "spreadsheet", Kind.DOCUMENT, (".ods",)),
    ContentType(_OPEN_DOCUMENT + "presentation", Kind.DOCUMENT, (".odp",)),
    ContentType("application/zip", Kind.DOCUMENT, (".zip",)),
    ContentType("text/plain", Kind.DOCUMENT, TEXT_EXTENSIONS),
    # A browser would run these two, so they are downloads like all documents.
    ContentType("text/html", Kind.DOCUMENT, (".html", ".htm", ".xhtml")),
    ContentType("image/svg+xml", Kind.DOCUMENT, (".svg",)),
)
BY_MEDIA_TYPE = {one.media_type: one for one in _ALL}
