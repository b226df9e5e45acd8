"""When cells of a type are well formed: addresses, phone numbers, web addresses. None is tried.

The profiler sees the cells of most files as Latin-1, whatever their encoding. So letters beyond ASCII are
taken as they come, and the few signs beyond ASCII that matter are written in each of their forms: as
themselves, as in Windows-1252, and as the bytes of UTF-8. White space and digits are spelled out in sets,
because a set with a class in it is slower for each character.
"""

import re

from services.files.profiling.column_types import ColumnType

_SPACE = r" \t\n\r\f\v"
# A label of 63 letters, each up to four bytes.
_LONGEST_LABEL = 252
_DOT = r"(?:\.|\u3002|\xe3\x80\x82)"
_TOP_LEVEL = rf"(?:xn--[a-z0-9-]{{1,59}}|[^{_SPACE}/:@.?#<>,;\"()\[\]0-9_]{{2,{_LONGEST_LABEL}}})"
_EMAIL = re.compile(
    rf"[^{_SPACE}@<>,;:\"()\[\]]{{1,256}}@"
    rf"(?:[^{_SPACE}@.<>,;:\"()\[\]_\u3002]{{1,{_LONGEST_LABEL}}}{_DOT})+{_TOP_LEVEL}",
    re.IGNORECASE | re.ASCII,
)
# Hyphens, dashes, the minus sign, and spaces that do not break.
_BETWEEN = r"[\u2010-\u2015\u2212\u2009\u202f\xa0\x96\x97]|\xe2\x80[\x89\x90-\x95\xaf]|\xe2\x88\x92|\xc2\xa0"
_PHONE = re.compile(
    # Exports write an apostrophe before a plus, so that no spreadsheet takes the number for a formula.
    r"'?(?:tel:)?\+?(?=(?:\D*\d){5})(?!(?:\D*\d){16})"
    rf"(?:[\d ()./\-]++|{_BETWEEN})++(?:\s*(?:ext\.?|extension|x|#)[:. ]?\s*\d{{1,6}})?",
    re.IGNORECASE | re.ASCII,
)
_URL = re.compile(
    rf"(?:https?://)?(?:[^{_SPACE}/:@.?#]{{1,{_LONGEST_LABEL}}}\.)+{_TOP_LEVEL}\.?(?::\d{{1,5}})?(?:[/?#]\S*)?",
    re.IGNORECASE | re.ASCII,
)
_LINKEDIN = re.compile(
    r"(?:https?://)?(?:(?:[a-z0-9-]{1,20}\.){0,3}linkedin\.(?:com|cn)|lnkd\.in)(?:[/?#]\S*)?",
    re.IGNORECASE | re.ASCII,
)
#: The form of the types that have one.
FORMS = {
    ColumnType.EMAIL: _EMAIL,
    ColumnType.PHONE: _PHONE,
    ColumnType.WEBSITE: _URL,
    ColumnType.LINKEDIN_URL: _LINKEDIN,
}
#: Match many cells at once, each on a line. Only for forms that cannot match across the end of a line.
LINES = {
    form: re.compile(rf"(?:(?:{form.pattern})\n)*+", form.flags).fullmatch
    for form in (_EMAIL, _URL, _LINKEDIN)
}
