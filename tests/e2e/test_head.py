"""HEAD at every address that can be got: the headers of GET, and no content."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.e2e.api import Person
from tests.e2e.belongings import belongings
from tests.fuzz.operations import Operation, operations
from tests.support.stack import Stack

READ = [operation for operation in operations() if operation.method == "GET"]
SAME = ("content-type", "etag", "repr-digest", "content-disposition", "accept-ranges", "cache-control")


@pytest.fixture(scope="module")
def own(new_person: Callable[[], Person], stack: Stack) -> tuple[Person, dict[str, str]]:
    person = new_person()
    return person, belongings(person, f"http://{urlsplit(stack.provider_url).netloc}/v1")


@pytest.mark.parametrize("operation", READ, ids=lambda operation: operation.name)
def test_head_is_get_without_content(own: tuple[Person, dict[str, str]], operation: Operation) -> None:
    person, names = own
    path = operation.pieces[0]
    for collection, piece in zip(operation.collections, operation.pieces[1:], strict=True):
        path += names.get(collection, f"{collection}/none").partition("/")[2] + piece
    for at in (path, path.replace("/v1/", "/v1/nothing/", 1), f"{path}?unknown=1"):
        got, head = person.call("GET", at), person.call("HEAD", at)
        assert head.status_code == got.status_code
        assert head.content == b""
        assert {name: head.headers.get(name) for name in SAME} == {
            name: got.headers.get(name) for name in SAME
        }
        if "content-length" in got.headers and got.status_code != 400:
            # What a list holds may have changed since.
            assert ("content-length" in head.headers) and int(head.headers["content-length"]) > 0
        if path.endswith(":download") and got.status_code == 200:
            assert head.headers["content-length"] == got.headers["content-length"] == str(len(got.content))
