"""What a workbook says about itself: its sheets, which styles show moments, where days are counted from."""

from dataclasses import dataclass
from posixpath import normpath

from services.files.errors import FileWorkbookInvalid
from services.files.workbooks.number_format import BUILTIN, Shown, shown
from services.files.workbooks.package import Package
from services.files.workbooks.strings import shared_strings
from services.files.workbooks.xml import local, walk

_BOOK = "xl/workbook.xml"
#: More sheets than people have; each of them is counted.
_MOST_SHEETS = 1000
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of cells: its name, its part, and whether Excel hides it."""

    name: str
    part: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Book:
    """The sheets in their order, and what all their cells share."""

    sheets: tuple[Sheet, ...]
    strings: list[str]
    #: By the index that cells name; without those that change only the looks of a number.
    styles: dict[str, Shown]
    from_1904: bool


def open_book(package: Package) -> Book:
    """Read all that is needed before the sheets; raise FileWorkbookInvalid."""
    targets = _targets(package, "", "_rels/.rels")
    main = next((path for kind, path in targets.values() if kind == "officedocument"), _BOOK)
    folder, _, name = main.rpartition("/")
    targets = _targets(package, folder, f"{folder}/_rels/{name}.rels".lstrip("/"))
    parts = dict(targets.values())
    sheets, from_1904 = _sheets(package, main, targets)
    strings = parts.get("sharedstrings", "")
    styles = parts.get("styles", "")
    return Book(
        sheets,
        strings=shared_strings(package.pieces(strings), strings) if strings in package else [],
        styles=_styles(package, styles) if styles in package else {},
        from_1904=from_1904,
    )


def _targets(package: Package, folder: str, part: str) -> dict[str, tuple[str, str]]:
    """Return kind and path of what a part refers to, by id; only inside the package."""
    found: dict[str, tuple[str, str]] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name != "Relationship" or attributes.get("TargetMode", "").lower() == "external":
            return
        target = attributes.get("Target", "").replace("\\", "/")
        path = target if target.startswith("/") else f"/{folder}/{target}"
        kind = attributes.get("Type", "").rpartition("/")[2].lower()
        found[attributes.get("Id", "")] = (kind, normpath("/" + path.lstrip("/")).lstrip("/"))

    if part in package:
        walk(part, [package.part(part)], start)
    return found


def _sheets(
    package: Package, main: str, targets: dict[str, tuple[str, str]]
) -> tuple[tuple[Sheet, ...], bool]:
    sheets: list[Sheet] = []
    from_1904 = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal from_1904
        if name == "workbookPr":
            from_1904 = attributes.get("date1904", "0").lower() in ("1", "true")
        if name != "sheet":
            return
        id_ = next((value for key, value in attributes.items() if ":" in key and local(key) == "id"), "")
        kind, path = targets.get(id_, ("", ""))
        # Sheets of charts, dialogs and macros have no rows.
        if kind == "worksheet":
            hidden = attributes.get("state", "visible") != "visible"
            sheets.append(Sheet(attributes.get("name", "")[:_LONGEST_NAME], path, hidden))

    walk(main, [package.part(main)], start)
    if not 0 < len(sheets) <= _MOST_SHEETS:
        raise FileWorkbookInvalid(problem="the workbook has no sheet of cells, or too many")
    return tuple(sheets), from_1904


def _styles(package: Package, part: str) -> dict[str, Shown]:
    codes = dict(BUILTIN)
    formats: list[int] = []
    inside = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        try:
            if name == "numFmt":
                codes[int(attributes["numFmtId"])] = attributes["formatCode"][:1000]
            elif name == "xf" and inside:
                formats.append(int(attributes.get("numFmtId", "0")))
            elif name not in ("alignment", "protection", "extLst", "ext"):
                inside = name == "cellXfs"
        except (KeyError, ValueError):
            raise FileWorkbookInvalid(problem="a style is malformed", part=part) from None

    walk(part, package.pieces(part), start)
    known = {number: shown(code) for number, code in codes.items()}
    found = ((str(at), known.get(number)) for at, number in enumerate(formats))
    return {at: form for at, form in found if form is not None}
