"""Names of attachments: safe to show and to save, bounded, with the extension of the content."""

import pytest

from messaging.attachments.content_types import BY_MEDIA_TYPE
from messaging.attachments.names import LONGEST_NAME, clean_name

TEXT, PNG, ZIP = (BY_MEDIA_TYPE[name] for name in ("text/plain", "image/png", "application/zip"))


@pytest.mark.parametrize(
    ("given", "content_type", "expected"),
    [
        ("plan.png", PNG, "plan.png"),
        ("Plan B.PNG", PNG, "Plan B.PNG"),
        ("holiday.jpg", PNG, "holiday.jpg.png"),
        ("run.js", TEXT, "run.js.txt"),
        ("table.csv", TEXT, "table.csv"),
        ("tool.jar", ZIP, "tool.jar.zip"),
        ("../../etc/passwd", TEXT, "passwd.txt"),
        ("C:\\Users\\me\\notes.txt", TEXT, "notes.txt"),
        ("a\x00b\r\nc\u202egnp.exe", PNG, "ab cgnp.exe.png"),
        ('say "hi": <what>?.png', PNG, "say _hi__ _what__.png"),
        ("", PNG, "attachment.png"),
        ("...", PNG, "attachment.png"),
        (".png", PNG, "png.png"),
        ("NUL.txt", TEXT, "_NUL.txt"),
        ("  e\u0301te\u0301.png ", PNG, "\xe9t\xe9.png"),
    ],
)
def test_a_name_is_cleaned(given, content_type, expected):
    assert clean_name(given, content_type) == expected


def test_a_long_name_is_cut_and_keeps_its_extension():
    name = clean_name("x" * 5000 + ".png", PNG)
    assert len(name) == LONGEST_NAME
    assert name.endswith("x.png")
