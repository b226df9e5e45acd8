"""The encodings that files may have, by the names of the contract."""

import codecs
from functools import cache

UTF_8 = "utf-8"
UTF_16_LE = "utf-16-le"
UTF_16_BE = "utf-16-be"
WINDOWS_1252 = "windows-1252"
LATIN_1 = "latin-1"

MARKS = {UTF_8: codecs.BOM_UTF8, UTF_16_LE: codecs.BOM_UTF16_LE, UTF_16_BE: codecs.BOM_UTF16_BE}

#: One byte for each character.
SINGLE_BYTE = {
    "windows-1250": "cp1250",
    "windows-1251": "cp1251",
    WINDOWS_1252: "cp1252",
    LATIN_1: "latin-1",
    "mac-roman": "mac_roman",
    "koi8-r": "koi8_r",
}
#: Up to four bytes for each character. The second may be that of an ASCII character, even of a delimiter.
#: Each is read as the code page of Windows that contains it, because that is what programs write.
MULTI_BYTE = {"shift_jis": "cp932", "gb18030": "gb18030", "big5": "cp950", "euc-kr": "cp949"}

#: Python's name of each encoding.
CODECS = {
    UTF_8: UTF_8,
    UTF_16_LE: UTF_16_LE,
    UTF_16_BE: UTF_16_BE,
    **SINGLE_BYTE,
    **MULTI_BYTE,
}


@cache
def undefined_bytes(encoding: str) -> bytes:
    """Return the bytes that stand for no character in an encoding of one byte for each."""
    codec = CODECS[encoding]
    return bytes(byte for byte in range(256) if not bytes([byte]).decode(codec, "ignore"))
