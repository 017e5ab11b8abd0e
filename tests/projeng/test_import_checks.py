"""What projeng/importing/reading.py finds wrong with a file, row by row and value by value. No database."""

import re

import pytest

from projeng.importing import reading as importing

HEADER = "prn,name,barangay,latitude,longitude,status"
ROAD = "P1,Concreting of Road,Apokon,7.423,125.8276,planned"
CANAL = "P2,Drainage Canal,Madaum,,,in_progress"


def problems(*lines: str) -> list[str]:
    """What is wrong with the rows of these lines."""
    return [str(problem) for problem in importing.check("\n".join(lines).encode()).problems]


def test_right_rows_have_no_problems_and_keep_their_lines():
    checked = importing.check(f"{HEADER}\n\n{ROAD}\n{CANAL}".encode())
    assert [(row.line, row.prn) for row in checked.rows] == [(3, "P1"), (4, "P2")]
    assert checked.problems == []


def test_a_name_broken_over_lines_becomes_one_line():
    (row,) = importing.check(f'{HEADER}\nP1,"Concreting\r\n of Road",Apokon,,,planned'.encode()).rows
    assert row.values["name"] == "Concreting of Road"


def test_coordinates_are_rounded_to_what_is_stored():
    (row,) = importing.check(f"{HEADER}\nP1,Road,Apokon,7.42300049999,125.8276005,planned".encode()).rows
    assert (str(row.values["latitude"]), str(row.values["longitude"])) == ("7.423000", "125.827601")


def test_what_spreadsheets_export_is_understood():
    quoted = [",".join(f'"{cell}"' for cell in line.split(",")) for line in (HEADER, ROAD, CANAL)]
    checked = importing.check("\ufeff{}\r\n{}\r\n{}\r\n".format(*quoted).encode())
    assert [row.values["name"] for row in checked.rows] == ["Concreting of Road", "Drainage Canal"]


# --- rows that are refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",Road,Apokon,,,planned", "PRN is missing"),
        ("P1, ,Apokon,,,planned", "name is missing"),
        ("P1,Road,,,,planned", "barangay is missing"),
        ("P1,Road,Apocon,,,planned", r"unknown barangay 'Apocon' \(is Apokon meant\?\)"),
        ("P1,Road,Manila,,,planned", "unknown barangay 'Manila'"),
        ("P1,Road,Apokon,,,", "status is missing"),
        ("P1,Road,Apokon,,,Planned", r"unknown status 'Planned' \(is planned meant\?\)"),
        ("P1,Road,Apokon,7.423,,planned", "latitude and longitude: one is missing"),
        ("P1,Road,Apokon,,125.8,planned", "latitude and longitude: one is missing"),
        ("P1,Road,Apokon,14.6,121.0,planned", "14.6, 121.0 is off the map of Tagum City"),
        ("P1,Road,Apokon,125.8,7.4,planned", "125.8, 7.4 is off the map"),
        ("P1,Road,Apokon,north,125.8,planned", "latitude 'north' is not a plain number"),
        ("P1,Road,Apokon,NaN,125.8,planned", "latitude 'NaN' is not a plain number"),
        ("P1,Road,Apokon,7.4,Infinity,planned", "longitude 'Infinity' is not a plain number"),
        ("P1,Road,Apokon,7.4,-inf,planned", "longitude '-inf' is not a plain number"),
        ("P1,Road,Apokon,7_4,125.8,planned", "latitude '7_4' is not a plain number"),
        ("P1,Road,Apokon,7.4e0,125.8,planned", "latitude '7.4e0' is not a plain number"),
        ("P1,Road,Apokon,７.4,125.8,planned", "latitude '７.4' is not a plain number"),
        (f"{'P' * 41},Road,Apokon,,,planned", "prn is too long: 41 characters, at most 40"),
        (f"P1,{'R' * 201},Apokon,,,planned", "name is too long: 201 characters, at most 200"),
        ("P1,Road,Apokon,,planned", "too few columns: 5 instead of 6"),
        ("P1,Road,Apokon,,,planned,", "too many columns: 7 instead of 6"),
        ("P1,Ro\0ad,Apokon,,,planned", "name holds a NUL"),
        ("P\x001,Road,Apokon,,,planned", "prn holds a NUL"),
        ("P1,Road,Apo\0kon,,,planned", "unknown barangay"),
    ],
)
def test_a_wrong_row_is_named_with_its_line(row, reason):
    (said,) = problems(HEADER, CANAL, row)
    assert re.match(f"line 3: .*{reason}", said)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("project_cost", "much", "project_cost 'much' is not a plain number"),
        ("project_cost", "NaN", "project_cost 'NaN' is not a plain number"),
        ("project_cost", '"1,000"', "project_cost '1,000' is not a plain number"),
        ("project_cost", "-1", "project_cost '-1' is not between 0 and 9,999,999,999,999.99"),
        ("project_cost", "10000000000000", "project_cost '10000000000000' is not between"),
        ("project_cost", "1.005", "project_cost '1.005' has more than two decimals"),
        ("progress", "101", "progress '101' is not between 0 and 100"),
        ("progress", "-0.5", "progress '-0.5' is not between 0 and 100"),
        ("start_date", "01/02/2026", "start_date '01/02/2026' is not a date like 2026-11-20"),
        ("start_date", "20260102", "start_date '20260102' is not a date"),
        ("end_date", "2026-02-30", "end_date '2026-02-30' is not a date"),
        ("source_of_funds", "F" * 101, "source_of_funds is too long: 101 characters, at most 100"),
        ("description", "D" * 5001, "description is too long: 5001 characters, at most 5000"),
        ("description", "a\0b", "description holds a NUL character"),
    ],
)
def test_a_wrong_optional_value_is_named(column, value, reason):
    (said,) = problems(f"{HEADER},{column}", f"{ROAD},{value}")
    assert said.startswith(f"line 2: {reason}")


def test_a_project_cannot_end_before_it_starts():
    said = problems(f"{HEADER},start_date,end_date", f"{ROAD},2026-02-02,2026-02-01")
    assert "line 2: ends (2026-02-01) before it starts (2026-02-02)" in said


def test_a_prn_may_stand_only_once():
    said = problems(HEADER, ROAD, CANAL, " P1 ,Another,Apokon,,,planned", "P1,Third,Apokon,,,planned")
    assert said == ["line 4: PRN 'P1' is already on line 2", "line 5: PRN 'P1' is already on line 2"]


def test_the_prn_of_a_wrong_row_counts_as_well():
    said = problems(HEADER, "P1,,Apokon,,,planned", ROAD)
    assert "line 3: PRN 'P1' is already on line 2" in said


def test_all_that_is_wrong_with_a_row_is_told():
    said = problems(HEADER, "P1,,Nowhere,x,125.8,planned")
    assert "line 2: name is missing; unknown barangay 'Nowhere'; latitude 'x' is not a plain number" in said


def test_lines_are_those_of_the_file_also_after_values_of_several_lines():
    said = problems(f"{HEADER},description", f'{ROAD},"one\ntwo\r\nthree"', "", 'P3,,Apokon,,,planned,"a\nb"')
    assert "line 6: name is missing" in said


def test_a_quote_that_is_never_closed_is_told():
    (said,) = problems(HEADER, CANAL, 'P1,"Road,Apokon,,,planned', ROAD)
    assert said.startswith("line 3: not readable as CSV from here on")


# --- files that are refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\n \n", "is empty"),
        (HEADER.encode(), "holds no projects, only a header"),
        (f"{HEADER}\n\n{ROAD.replace('Road', 'Ni')}\n".encode("utf-16"), "is not UTF-8: line 1"),
        (f"{HEADER}\n{CANAL}\r\nP1,Café,Apokon,,,planned".encode("latin-1"), "is not UTF-8: line 3 holds"),
        (b"prn,name,barangay,status\nP1,Road,Apokon,planned", "has a wrong header: it lacks latitude, longitude."),
        (f"{HEADER},budget,colour\n".encode(), "has a wrong header: it has unknown 'budget', 'colour'."),
        (f"{HEADER},prn\n".encode(), "has a wrong header: it repeats prn."),
        (b'prn,"name\n', "is not CSV: line 1"),
    ],
)
def test_a_file_of_no_use_gives_one_clear_line(content, reason):
    with pytest.raises(importing.Unreadable) as fault:
        importing.check(content)
    assert reason in str(fault.value)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (HEADER.replace(",", ";"), "has semicolons between its values on line 1, not commas. Save it as “CSV UTF-8"),
        ('"prn";"name";"barangay"\n"P1";"a, b";"Apokon"', "has semicolons between its values on line 1, not commas."),
        (f"{HEADER}\n{ROAD}".replace(",", "\t"), "has tabs between its values on line 1, not commas."),
        (f"\n{HEADER}\n{ROAD}".replace(",", " | "), "has vertical bars between its values on line 1, not commas."),
        (HEADER.replace(",", "  "), "has blanks between its values on line 1, not commas."),
        ("sep=;\nprn;name\n", "begins with 'sep=;', which only Excel understands: delete line 1."),
        (f'"{HEADER}"\n"{ROAD}"', "has the whole of line 1 within one pair of quotation marks"),
        (f"'{HEADER}'".replace(",", "','"), 'has other quotation marks on line 1 than ".'),
        (f"“{HEADER}”".replace(",", "”,“"), 'has other quotation marks on line 1 than ".'),
        (f"{ROAD}\n{CANAL}", f"has no header: line 1 is '{ROAD}'. Above it belongs: {HEADER}."),
        (f"Projects of 2025\n\n{HEADER}\n{ROAD}", "has its header on line 3, not on line 1: delete what is above it."),
        (f"{HEADER},,\n{ROAD},,", "has a wrong header: it has no name for column 7, 8. Delete columns that are empty."),
        (f"{HEADER}\n{CANAL}\nP1,Las Piñas,Apokon,,,planned".encode("cp1252"),
         "is not UTF-8: line 3 holds the byte F1, as Windows-1252 writes it in “Las Piñas”. Save it as “CSV UTF-8"),
        (f"{HEADER}\n{ROAD}".encode("utf-16-le"), "is not UTF-8: line 1 has a NUL beside each character, as in"),
        (f"{HEADER}\n{ROAD}".encode("utf-16-be"), "is not UTF-8: line 1 has a NUL beside each character, as in"),
        (f"{HEADER}\n{ROAD}".encode("utf-16"), "is not UTF-8: line 1 begins with the mark of UTF-16. Save it as"),
        (f"{HEADER}\n{ROAD}".encode("utf-32"), "is not UTF-8: line 1 begins with the mark of UTF-32. Save it as"),
        (b"PK\x03\x04\x14\0\6\0", "is an Excel or LibreOffice workbook, not CSV. Save it as “CSV UTF-8"),
    ],
)  # fmt: skip
def test_the_cause_is_named_and_what_to_do(content, reason):
    with pytest.raises(importing.Unreadable) as fault:
        importing.check(content if isinstance(content, bytes) else content.encode())
    assert str(fault.value).startswith(reason)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (ROAD.replace(",", ";"), "too few columns: 1 instead of 6 (semicolons between the values, not commas)"),
        (ROAD.replace(",", "\t"), "too few columns: 1 instead of 6 (tabs between the values, not commas)"),
        (f'"{ROAD}"', "too few columns: 1 instead of 6 (the whole line is within quotation marks)"),
        (f"{ROAD},,", "too many columns: 8 instead of 6 (what is too many is empty)"),
        (f"{ROAD},x", "too many columns: 7 instead of 6"),
    ],
)
def test_a_wrong_number_of_columns_is_explained(row, reason):
    assert problems(HEADER, CANAL, row) == [f"line 3: {reason}"]


def test_columns_with_nothing_in_any_row_are_named_once_more():
    rows = [f"P{number}, ,\u200b,,,planned" for number in range(3)]
    checked = importing.check("\n".join([HEADER, *rows]).encode())
    assert len(checked.problems) == 3
    assert checked.cause == "the columns name and barangay are empty in every row"
    assert checked.empty == ["name", "barangay", "latitude", "longitude"]
    checked = importing.check("\n".join([HEADER, *rows, CANAL]).encode())
    assert (checked.cause, checked.empty) == ("", ["latitude", "longitude"])


def test_a_file_with_too_many_rows_is_refused(monkeypatch):
    monkeypatch.setattr("projeng.importing.reading.MAX_ROWS", 1)
    with pytest.raises(importing.Unreadable, match="holds more than 1 rows"):
        problems(HEADER, ROAD, CANAL)
