"""XML of parts that nobody trusts: no document types, so no entities; nothing is fetched."""

from collections.abc import Callable, Iterable
from typing import NoReturn
from xml.parsers import expat

from services.files.errors import FileWorkbookInvalid

_NO_MEMORY = 1
Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]
Characters = Callable[[str], None]


def local(name: str) -> str:
    """Return a name without its prefix: programs choose their prefixes freely."""
    return name.rpartition(":")[2]


def strict_parser() -> expat.XMLParserType:
    """Return a parser that refuses document types."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    return parser


class Walk:
    """Walks through one part, piece by piece; names come without their prefixes."""

    def __init__(
        self, part: str, start: Start, end: End | None = None, characters: Characters | None = None
    ) -> None:
        self._part = part
        self._parser = strict_parser()
        self._parser.StartElementHandler = lambda name, attributes: start(local(name), attributes)
        if end is not None:
            self._parser.EndElementHandler = lambda name: end(local(name))
        if characters is not None:
            self._parser.CharacterDataHandler = characters

    def feed(self, piece: bytes, *, final: bool = False) -> None:
        """Parse the next bytes; raise FileWorkbookInvalid when they are no XML."""
        try:
            self._parser.Parse(piece, final)
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise_for(error, self._part)


def walk(part: str, pieces: Iterable[bytes], start: Start) -> None:
    """Call `start` for each element of a part."""
    steps = Walk(part, start)
    for piece in pieces:
        steps.feed(piece)
    steps.feed(b"", final=True)


def raise_for(error: Exception, part: str) -> NoReturn:
    """Raise what the parser's error means: a part that is not well-formed, or no memory."""
    if isinstance(error, expat.ExpatError) and error.code == _NO_MEMORY:
        raise MemoryError from None
    raise FileWorkbookInvalid(problem="a part is not well-formed XML", part=part[:100]) from None


def _refuse(*_: object) -> None:
    raise FileWorkbookInvalid(problem="a part declares a document type")
