"""Profiles: types by name, completeness, malformed and duplicate cells, the score and its points."""

import random
import time

import pytest

from services.files.profiling import form
from services.files.profiling.column_types import EXACT, FUZZY, ColumnType, guess
from services.files.profiling.distinct import Distinct
from services.files.profiling.profile import ColumnProfile, Profile
from services.files.profiling.quality import Quality, band_of, quality
from services.files.reading.reader import Limits, parse

LIMITS = Limits(max_columns=100, max_rows=50_000, max_field_bytes=131_072, max_row_bytes=1 << 20)


def profile_of(content: bytes) -> Profile:
    return parse([content], LIMITS).profile


def column(name: str, content: bytes) -> ColumnProfile:
    return next(found for found in profile_of(content).columns if found.name == name)


EXACTLY = {
    ColumnType.FIRST_NAME: ["first_name", "FirstName", "First", "FIRST NAME", "first-name"],
    ColumnType.LAST_NAME: ["last_name", "LastName", "Surname"],
    ColumnType.FULL_NAME: ["full_name", "Name", "Contact Name"],
    ColumnType.EMAIL: ["email", "Email Address", "Contact Email", "E-Mail"],
    ColumnType.PHONE: ["phone", "Phone Number", "Mobile"],
    ColumnType.COMPANY_NAME: ["company", "Company Name", "Organization"],
    ColumnType.JOB_TITLE: ["title", "Job Title", "Position"],
    ColumnType.INDUSTRY: ["industry", "Sector", "Vertical"],
    ColumnType.CITY: ["city", "City", "Location"],
    ColumnType.STATE: ["state", "Region", "Province"],
    ColumnType.COUNTRY: ["country", "Country", "Nation"],
    ColumnType.LINKEDIN_URL: ["linkedin", "LinkedIn URL", "Profile"],
    ColumnType.WEBSITE: ["website", "URL", "Company Website"],
    ColumnType.COMPANY_SIZE: ["company_size", "Employees", "Size"],
    ColumnType.REVENUE: ["revenue", "Annual Revenue", "ARR"],
}
FUZZILY = [
    ("Work Email", ColumnType.EMAIL),
    ("Person Linkedin Url", ColumnType.LINKEDIN_URL),
    ("Contact First Name", ColumnType.FIRST_NAME),
    ("Company Name for Emails", ColumnType.COMPANY_NAME),
    ("companyPhone", ColumnType.PHONE),
    ("Emial Address", ColumnType.EMAIL),
    ("# Employees", ColumnType.COMPANY_SIZE),
    ("Annual Revenue (USD)", ColumnType.REVENUE),
    ("HQ Country", ColumnType.COUNTRY),
]


@pytest.mark.parametrize(("kind", "names"), EXACTLY.items(), ids=lambda value: getattr(value, "value", ""))
def test_known_names_give_a_type_with_great_confidence(kind: ColumnType, names: list[str]) -> None:
    for name in names:
        found = guess(name)
        assert (found and (found.type, found.confidence)) == (kind, EXACT), name
    assert EXACT == 0.9


@pytest.mark.parametrize(("name", "kind"), FUZZILY)
def test_names_like_known_ones_give_a_type_with_less(name: str, kind: ColumnType) -> None:
    found = guess(name)
    expected = EXACT if name == "# Employees" else FUZZY
    assert (found and (found.type, found.confidence)) == (kind, expected)
    assert FUZZY == 0.6


@pytest.mark.parametrize("name", ["Notes", "id", "Score", "Größe", "Untitled", "日本", "x", "Statement"])
def test_other_names_say_nothing(name: str) -> None:
    assert guess(name) is None


def test_a_column_shows_samples_fullness_and_duplicates() -> None:
    content = (
        b"Email,Company,Notes\n"
        b"ada@example.com,Acme,\n"
        b"ada@example.com,Acme , \n"
        b"grace@example.com,Acme,x\n"
        b"not an address,,y\n"
        b" alan@example.com ,,z\n"
    )
    email = column("Email", content)
    assert email.samples == ("ada@example.com", "grace@example.com", "not an address")
    assert (email.filled, email.malformed, email.duplicates) == (5, 1, 1)
    company = column("Company", content)
    # Exactly equal: a space makes another value.
    assert (company.filled, company.malformed, company.duplicates) == (3, None, 1)
    notes = column("Notes", content)
    assert (notes.filled, notes.guess, notes.malformed, notes.duplicates) == (3, None, None, None)


@pytest.mark.parametrize(
    ("header", "good", "bad"),
    [
        (
            "Email",
            ["a@b.co", "a.b+c@d-e.org", "ö@exämple.de"],
            ["a@b", "a b@c.de", "@c.de", "a@b..d"],
        ),
        (
            "Phone",
            ["+49 30 123456", "(555) 123-4567", "555.123.4567 x12"],
            ["none", "123", "1" * 16, "5-CALL"],
        ),
        ("Website", ["example.com", "https://a.example/x?y=1", "a.de:8080/"], ["n/a", "http://", "a b.de"]),
        ("LinkedIn", ["https://www.linkedin.com/in/ada", "linkedin.com/in/ada"], ["ada", "in/ada"]),
    ],
)
def test_what_has_not_the_form_of_its_type_is_malformed(header: str, good: list[str], bad: list[str]) -> None:
    for encoding in ("utf-8", "utf-16"):
        for cells, malformed in ((good, 0), (bad, len(bad))):
            content = "\n".join([header, *cells, ""]).encode(encoding)
            assert column(header, content).malformed == malformed, cells


@pytest.mark.parametrize(("header", "good"), [("Email", "a@b.co"), ("Website", "example.com")])
def test_one_malformed_cell_among_many_is_found_wherever_it_is(header: str, good: str) -> None:
    for place in (0, 500, 999):
        cells = [good] * 1000
        cells[place] = f" {good} "
        assert column(header, "\n".join([header, *cells, ""]).encode()).malformed == 0
        # A cell of two lines, each of which would be well formed.
        cells[place] = f'"{good}\n{good}"'
        assert column(header, "\n".join([header, *cells, ""]).encode()).malformed == 1


def test_empty_rows_are_counted_and_kept() -> None:
    found = profile_of(b"a,b\n,\n1,\n , \t\n,2\n")
    assert (found.row_count, found.empty_rows) == (4, 2)
    assert profile_of(b"a\n1\n\n\n2\n").empty_rows == 2


def test_samples_are_cut_and_in_the_files_own_encoding() -> None:
    assert column("Größe", "Größe,b\nweiß,1\n".encode("cp1252")).samples == ("weiß",)
    assert column("a", ("a\n" + "é" * 200).encode()).samples == ("é" * 100,)


def test_quotes_and_plain_lines_are_profiled_alike() -> None:
    rows = [("Email", "Company"), *((f"a{n % 70}@example.com", f"C {n % 90}") for n in range(3000))]
    plain = "".join(f"{a},{b}\r\n" for a, b in rows).encode()
    quoted = "".join(f'"{a}","{b}"\r\n' for a, b in rows).encode()
    assert profile_of(plain) == profile_of(quoted)
    assert [found.duplicates for found in profile_of(plain).columns] == [2930, 2910]


@pytest.mark.promise("S33")
def test_different_values_are_counted_exactly_whatever_fits_in_memory() -> None:
    dice = random.Random(7)
    values = [f"p{dice.randrange(30_000)}@example.com" for _ in range(50_000)]
    counted = Distinct(most_in_memory=1000)
    for at in range(0, len(values), 700):
        counted.add(values[at : at + 700])
        assert sum(map(len, counted._parts)) <= 1000
    assert counted.count() == len(set(values))
    assert counted.count() == len(set(values))
    counted.add(["one more", values[0]])
    assert counted.count() == len(set(values)) + 1
    counted.close()


@pytest.mark.long
def test_five_million_values_are_counted_exactly() -> None:
    different = 4_999_001
    counted = Distinct(most_in_memory=2**17)
    for at in range(0, 5_000_000, 5000):
        counted.add([f"ada{n % different}@example.com" for n in range(at, at + 5000)])
    assert counted.count() == different
    counted.close()


def test_what_waits_on_disk_has_no_name_and_no_text() -> None:
    counted = Distinct(most_in_memory=10)
    counted.add([f"ada{n}@example.com" for n in range(100)])
    assert counted._file is not None
    counted._file.seek(0)
    content = counted._file.read()
    assert len(content) == 800
    assert b"ada" not in content
    assert isinstance(counted._file.name, int)
    counted.close()


def test_a_profile_comes_back_from_its_form() -> None:
    found = profile_of("Email,Größe,Company\na@b.co,ß,A\nx,,A\n".encode())
    assert form.load(form.dump(found)) == found


def plain(name: str, filled: int, malformed: int | None = None) -> ColumnProfile:
    return ColumnProfile(name, guess(name), (), filled, malformed, None)


def test_a_whole_file_scores_100() -> None:
    columns = (plain("Name", 10), plain("Email", 10, 0), plain("Company", 10))
    assert quality(Profile(10, 0, columns)) == Quality(100, "Excellent", 0, 0, 0, 0)


def test_each_part_of_the_score_is_shown() -> None:
    columns = (plain("Name", 10), plain("Email", 8, 2), plain("Notes", 4))
    found = quality(Profile(10, 1, columns))
    assert found.empty_rows == pytest.approx(20 * 0.1)
    # 0.0, 0.2, and 0.6 twice, because less than half of that column is filled.
    assert found.incomplete_columns == pytest.approx(30 * (0 + 0.2 + 2 * 0.6) / 4)
    assert found.malformed_cells == pytest.approx(30 * 2 / 8)
    assert found.missing_columns == pytest.approx(20 / 3)
    assert found.score == round(100 - 2 - 10.5 - 7.5 - 20 / 3)
    assert found.band == "Good"


def test_nothing_is_worse_than_0() -> None:
    found = quality(Profile(5, 5, (plain("a", 0), plain("b", 0))))
    assert (found.score, found.band) == (30, "Poor")
    worst = quality(Profile(100, 99, (plain("Phone", 1, 1),)))
    assert 0 <= worst.score < 40
    assert worst.band == "Poor"


def test_bands_begin_where_they_should() -> None:
    bands = {score: band_of(score) for score in (100, 80, 79, 60, 59, 40, 39, 0)}
    assert bands == {
        100: "Excellent",
        80: "Excellent",
        79: "Good",
        60: "Good",
        59: "Fair",
        40: "Fair",
        39: "Poor",
        0: "Poor",
    }


LONG = 130_000
HOSTILE = {
    "digits, then spaces": b"12345" + b" " * LONG + b"!",
    "spaces, then digits": b" " * LONG + b"12345!",
    "dashes": b"-" * LONG + b"!",
    "brackets and dots": b"(.)" * (LONG // 3) + b"x",
    "extensions": b"12345" + b" x1" * (LONG // 3) + b"!",
    "labels": b"a." * (LONG // 2) + b"!",
    "labels after a scheme": b"https://" + b"a-" * (LONG // 2) + b".",
    "labels after a name": b"a@" + b"b." * (LONG // 2) + b"0",
    "names": b"a@" * (LONG // 2),
    "a path": b"a.com/" + b"?" * LONG + b"\x85",
}


@pytest.mark.promise("S33")
@pytest.mark.parametrize("cell", HOSTILE.values(), ids=HOSTILE)
def test_no_cell_takes_longer_than_its_length(cell: bytes) -> None:
    """A form that goes through a cell again for each of its characters would take minutes."""
    header = b"Phone,Email,Website,LinkedIn\n"
    began = time.process_time()
    profile_of(header + (b",".join([cell] * 4) + b"\n") * 5)
    assert time.process_time() - began < 20


def test_a_cell_is_as_blank_in_one_encoding_as_in_another() -> None:
    for text, filled in (("\xa0", 1), ("\u2026", 1), ("\u2003", 1), (" \t", 0), ("", 0)):
        content = f"Name,Note\nAda,{text}\n"
        for encoding in ("utf-8", "utf-16", "windows-1252"):
            if encoding == "windows-1252" and text == "\u2003":
                continue
            (_, note) = profile_of(content.encode(encoding)).columns
            assert note.filled == filled, (text, encoding)
