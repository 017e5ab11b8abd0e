"""Keys of objects: safe for any file name, and bound to the row."""

from uuid import UUID

import pytest

from comm_service.documents.keys import document_key, row_of, safe_name

ROW = UUID("0b0f5a6e-1c1f-4a3e-9a52-5d1f0f6a7c11")


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("Relevé de notes (final).pdf", "Releve_de_notes_final.pdf"),
        ("شهادة.pdf", "document.pdf"),
        ("../../etc/passwd", "document._etc_passwd"),
        (".htaccess", "document.htaccess"),
        ("", "document"),
        ("...", "document"),
        ("a\x00b\r\nc.txt", "a_b_c.txt"),
    ],
)
def test_a_name_becomes_one_that_is_safe_in_a_key(given, safe):
    assert safe_name(given) == safe


def test_a_long_name_keeps_its_extension():
    name = safe_name("x" * 500 + ".docx")
    assert len(name) == 100
    assert name.endswith(".docx")


def test_a_key_leads_back_to_its_row_and_to_no_other():
    assert row_of(document_key(ROW, "a b.txt")) == ROW


@pytest.mark.parametrize(
    "key",
    [
        "documents/2025/report.pdf",
        f"documents/{ROW}/",
        f"documents/{ROW}/..",
        f"documents/{ROW}/a/b",
        f"/documents/{ROW}/a",
        f"documents/{str(ROW).upper()}/a",
        f"documents/{ROW}/a\x00",
        f"documents/{ROW}/a\n",
        "",
    ],
)
def test_other_texts_are_no_keys(key):
    assert row_of(key) is None
