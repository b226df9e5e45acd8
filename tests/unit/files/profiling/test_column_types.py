"""Types of columns by names as tools, forms and people write them, and names that only resemble them."""

import pytest

from services.files.profiling.column_types import ColumnType, guess
from services.files.profiling.quality import quality
from services.files.reading.reader import Limits, parse

LIMITS = Limits(max_columns=100, max_rows=50_000, max_field_bytes=131_072, max_row_bytes=1 << 20)
#: Something else comes after the type, or another thing has the name.
OTHERS = """
Email Status, Last Login, First Seen, Company ID, Campaign Name, companyid, Email Sent, Email Open, Email
Bounced, Primary Email Source, Email Confidence, Primary Email Catch-all Status, Primary Email Last Verified
At, Phone Type, Country Code, State Code, LinkedIn Followers, Website Visits, Company Description, Company
Address, Job Title Level, Facebook Url, Twitter Url, Photo URL, File Name, List Name, Product Name, User
Name, Deal Size, Deal State, Page Title, Email Domain, Last Company, First Touch, Last Contacted, Number of
Retail Locations, Annual Revenue Growth, Industry Code, City Population, Role Count, User Role, Buying Role,
Notes, id, Score, Größe, Untitled, 日本, x, Statement, Seniority, Departments, Stage, Lists, Technologies,
Total Funding, Emails Sent, Name Prefix, Last Modified, Last Activity, Title Case, Mobile App, Company Type,
Size Chart, Lead Status, Contact ID, Phone Verified, Country Rank, Sector Weight, Email Opt Out, Has Email,
Company Founded, First Page, Last Page, Email Template Name, Sequence Name, Position ID, Profile Views,
Domain Authority, URL Slug, Role ID, Account Owner, Contact Owner, Replied, Landing
"""
NAMES = {
    ColumnType.COMPANY_SIZE: [
        "Headcount",
        "Head Count",
        "# Employees",
        "Employee Count",
        "Team Size",
        "companySize",
        "No. of Employees",
    ],
    ColumnType.PHONE: [
        "Tel",
        "Tel.",
        "companyPhone",
        "Work Direct Phone",
        "Home Phone",
        "Corporate Phone",
        "Téléphone",
        "TÃ©lÃ©phone",
        "Mobile #",
        "Phone (work)",
    ],
    ColumnType.JOB_TITLE: ["Role", "Job Titel", "Current Role", "jobTitle"],
    ColumnType.FIRST_NAME: ["fname", "Contact First Name", "Frist Name", "Vorname"],
    ColumnType.LAST_NAME: ["lname"],
    ColumnType.EMAIL: [
        "Work Email",
        "Emial Address",
        "Secondary Email",
        "Email 2",
        "E-mail",
        "Emails",
        "WorkEmail",
    ],
    ColumnType.LINKEDIN_URL: ["Person Linkedin Url", "Company Linkedin Url", "LinkedIn Profile"],
    ColumnType.COMPANY_NAME: ["Company Name for Emails", "Account Name", "Compnay"],
    ColumnType.REVENUE: ["Annual Revenue (USD)"],
    ColumnType.COUNTRY: ["HQ Country"],
    ColumnType.CITY: ["Company City", "Company Location"],
    ColumnType.STATE: ["Company State", "State/Region"],
    ColumnType.WEBSITE: ["Website/URL", "Company Domain"],
    ColumnType.FULL_NAME: ["Contact Name", "Lead Name"],
}
#: As the export of a sales tool writes them, with what a cell of each holds.
EXPORT = {
    "First Name": "Ada",
    "Last Name": "Lovelace",
    "Title": "Head of Engines",
    "Company": "Analytical Engines",
    "Company Name for Emails": "Analytical Engines",
    "Email": "ada@xn--bcher-kva.example",
    "Email Status": "Verified",
    "Email Confidence": "0.9",
    "Primary Email Last Verified At": "2026-05-01T10:00:00Z",
    "Seniority": "Head",
    "Work Direct Phone": "'+44 20–7946–0958",
    "Mobile Phone": "+44 7700 900123",
    "Corporate Phone": "(020) 7946 0000 ext. 12",
    "Stage": "Cold",
    "Lists": "May",
    "Last Contacted": "2026-05-02",
    "# Employees": "120",
    "Industry": "machinery",
    "Person Linkedin Url": "http://www.linkedin.com/in/ada",
    "Website": "http://www.analytical-engines.example",
    "Company Linkedin Url": "https://uk.linkedin.com/company/analytical-engines/",
    "Facebook Url": "https://www.facebook.com/engines",
    "Twitter Url": "https://twitter.com/engines",
    "City": "London",
    "State": "England",
    "Country": "United Kingdom",
    "Company Phone": "+44 20 7946 0001",
    "Annual Revenue": "5000000",
    "Email Sent": "False",
    "Last Login": "2026-05-03",
    "First Seen": "2026-04-03",
    "Company ID": "54a12",
    "Campaign Name": "May, engines",
}


@pytest.mark.parametrize("name", [" ".join(name.split()) for name in OTHERS.split(",")])
def test_a_word_after_the_type_voids_it(name: str) -> None:
    assert guess(name) is None


@pytest.mark.parametrize(("kind", "names"), NAMES.items(), ids=lambda value: getattr(value, "value", ""))
def test_names_of_exports_and_people_are_known(kind: ColumnType, names: list[str]) -> None:
    assert {
        name: found and found.type for name in names if (found := guess(name)) is None or found.type != kind
    } == {}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_a_flawless_export_of_a_sales_tool_scores_100(encoding: str) -> None:
    line = ",".join(f'"{cell}"' for cell in EXPORT.values())
    content = "\r\n".join([",".join(EXPORT), *[line] * 80, ""]).encode(encoding)
    profile = parse([content], LIMITS).profile
    assert {column.name: column.malformed for column in profile.columns if column.malformed} == {}
    assert quality(profile).score == 100


@pytest.mark.parametrize(
    ("header", "good", "bad"),
    [
        (
            "Email",
            [
                "ada@bücher.example",
                "ada@xn--bcher-kva.xn--p1ai",
                "用户@例子.广告",
                "用户@例子。广告",
                "o'neill@a.example",
            ],
            ["ada@bücher", "ada@xn--.", "ada@a.example, b@a.example"],
        ),
        (
            "Tel",
            [
                "+49 30–123456",
                "+49\u00a030\u00a0123456",
                "030—12 34 56",
                "030\u2011123456",
                "'+49 30 123456",
                "tel:+4930123456",
            ],
            ["n/a", "–––––", "12–34", "call me – 12345"],
        ),
        (
            "LinkedIn",
            ["https://de.linkedin.com/in/ada", "LinkedIn.com/in/ada?x=1", "http://lnkd.in/abc"],
            [
                "https://twitter.com/ada",
                "https://notlinkedin.com/in/ada",
                "https://linkedin.com.example/in/ada",
                "ada",
            ],
        ),
        (
            "Website",
            ["bücher.example", "https://例子.广告/x", "http://a.xn--p1ai/", "a.example."],
            ["bücher", "http://a.123", "a b.example"],
        ),
    ],
)
def test_letters_and_dashes_of_every_script_are_well_formed(
    header: str, good: list[str], bad: list[str]
) -> None:
    for encoding in ("utf-8", "utf-16"):
        for cells, malformed in ((good, 0), (bad, len(bad))):
            content = "\n".join([header, *(f'"{cell}"' for cell in cells), ""]).encode(encoding)
            (column,) = parse([content], LIMITS).profile.columns
            assert column.malformed == malformed, (encoding, cells)
