"""Bytes to send: what contracts ask for, and what no contract allows, in addresses, headers and JSON."""

import random
from typing import Any

#: Escapes in an address: broken UTF-8, overlong forms, surrogates, NUL, controls, and no escapes at all.
ESCAPES = (
    b"%ff", b"%fe%ff", b"%c0%af", b"%c1%bf", b"%e0%80%af", b"%ed%a0%80", b"%ed%bf%bf", b"%f0%80%80%af",
    b"%f4%90%80%80", b"%f8%88%80%80%80", b"%80", b"%c3", b"%c3%28", b"%e2%82", b"%00", b"%0d%0a", b"%1b",
    b"%7f", b"%", b"%z", b"%zz", b"%2e%2e", b"%252e", b"%25ff", b"%u0041", b"%C3%A9", b"%F0%9F%98%80",
    b"%E2%80%AE", b"%EF%BB%BF", b"%ef%bf%bf", b"%3f", b"%23", b"%3a", b"%26", b"%3d", b"+", b"%2b", b"%20",
)  # fmt: skip
#: Bytes as they are. None of them ends a line, so the request stays one.
RAW = (
    b"\xff", b"\xfe\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xc3\xa9", b"\xe9", b"\x80", b"\xf0\x9f\x98\x80",
    b"\xe2\x80\xae", b"\xf4\x90\x80\x80", b"\xc3", b"\xef\xbb\xbf",
)  # fmt: skip
#: JSON values of every type and of none.
VALUES = (
    b"null", b"true", b"false", b"0", b"-0", b"-1", b"1", b"1.0", b"0.5", b"1e3", b"1e400", b"-1e400",
    b"1e-400", b"2147483647", b"2147483648", b"-2147483649", b"9223372036854775807", b"9223372036854775808",
    b"-9223372036854775809", b"9" * 400, b"NaN", b"Infinity", b"-Infinity", b"0x10", b"01", b".5", b"+1",
    b"1_0", b"[]", b"{}", b"[[]]", b"[null]", b"[{}]", b'[""]', b'{"a":{"b":[1]}}', b'{"":""}',
    b'{"a":null}', b'{"a":1}', b'{"@type":"type.googleapis.com/google.protobuf.Struct","value":{}}',
    b'{"value":{}}', b'{"seconds":1}', b'""', b'" "', b'"a"', b'"1"', b'"-1"', b'"1e3"', b'"NaN"',
    b'"Infinity"', b'"true"', b'"null"', b'"' + b"9" * 400 + b'"', b'"\\u0000"', b'"a\\u0000b"',
    b'"\\ud800"', b'"\\udfff\\ud800"', b'"\\ud83d\\ude00"', b'"\\uffff"', b'"\\x41"', b'"\\"', b'"\x00"',
    b'"\n"', b'"\xff"', b'"\xc0\xaf"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b'"\xc3"', b'"\xe9"',
    b'"\\r\\nSet-Cookie: a=b"', b'"\\u202e\\u2066"', b'"{{Name}}"', b'"{{"', b'"{{$a}}"', b'"\\\\{{"',
    b'"%00"', b"'a'", b"a", b'"2026-01-01T00:00:00Z"', b'"0001-01-01T00:00:00+14:00"',
    b'"9999-12-31T23:59:59.999999999-14:00"', b'"0000-00-00T00:00:00Z"', b'"+12026-01-01T00:00:00Z"',
    b'"2026-02-30T25:61:61Z"', b'"-62135596801s"', b'"1s"', b'"1e9s"', b'"name,a.b.c,"', b'"*"', b'"_"',
    b'"display_name"', b'"a.\\u0000"', b'"aGk="', b'"aGk"', b'"a-_="', b'"====" ', b"[" * 90 + b"]" * 90,
    b"[" * 20_000, b'{"a":' * 90 + b"1" + b"}" * 90, b'{"a":' * 20_000, b'"' + b"a" * 20_000 + b'"',
    b'"' + "😀".encode() * 5000 + b'"', b"[" + b"1," * 5000 + b"1]", b"[" + b'"",' * 5000 + b'""]', b"//a",
    b"/* */1", b"", b",",
)  # fmt: skip
NAMES = (
    b'"a"', b'""', b'"__proto__"', b'"name"', b'"Name"', b'"displayName"', b'"display_name"', b'"\\u0000"',
    b'"\\ud800"', b'"\xff"', b'"@type"', b'"a.b"', b'"' + b"a" * 5000 + b'"', b"a", b"1", b"null",
    b'"display\\u005fname"',
)  # fmt: skip


#: Fields that only answers have, or that the address names already.
_FROM_THE_SERVER = ("name", "create_time", "update_time", "disabled_reason")


class Material:
    """Draws from the above; `names` has the resources of the person who asks, by collection."""

    def __init__(self, dice: random.Random, names: dict[str, list[str]]) -> None:
        self._dice = dice
        self._names = names

    def chance(self, share: float) -> bool:
        return self._dice.random() < share

    def id(self, collection: str) -> bytes:
        """Return an id of the person's, or another one."""
        own = self._names.get(collection, [])
        if own and self.chance(0.8):
            return self._dice.choice(own).rpartition("/")[2].encode()
        return self._dice.choice(
            (b"a" * 26, b"current", b"me", b"managed", b"A", b"-", b"..", b"0", b"a" * 65, b"%61")
        )

    def escaped(self) -> bytes:
        """Return text of an address."""
        if self.chance(0.3):
            return self.bent(self._dice.choice((b"1", b"50", b"-1", b"a", b"true", b"state%20%3D%20FAILED")))
        some = self._dice.choices(ESCAPES, k=self._dice.randint(1, 3))
        return self._dice.choice((b"", b"a", b"files/")) + b"".join(some)

    def raw(self) -> bytes:
        return b"".join(
            self._dice.choices((*RAW, b"a", b" ", b'"', b";", b"=", b","), k=self._dice.randint(1, 4))
        )

    def bent(self, content: bytes) -> bytes:
        """Return the same bytes with a few of them changed, taken out or added."""
        bent = bytearray(content)
        for _ in range(self._dice.randint(1, 4)):
            place = self._dice.randint(0, len(bent))
            match self._dice.randint(0, 3):
                case 0:
                    bent[place:place] = self._dice.randbytes(self._dice.randint(1, 4))
                case 1:
                    del bent[place : place + self._dice.randint(1, 8)]
                case 2:
                    bent[place : place + 1] = bytes([self._dice.randrange(256)])
                case 3:
                    bent[place:place] = bent[place : place + self._dice.randint(1, 30)]
        return bytes(bent)

    def json(self, fields: tuple[Any, ...], *, wild: float, depth: int = 0) -> bytes:
        """Return an object with most of these fields; the share `wild` of what it holds is of any kind."""
        members = [
            b'"%b":%b' % (field.name.encode(), self._value(field, wild, depth))
            for field in fields
            if self.chance(0.7) and (wild or field.name not in _FROM_THE_SERVER)
        ]
        while self.chance(wild):
            members.append(b"%b:%b" % (self._dice.choice(NAMES), self._dice.choice(VALUES)))
        if members and self.chance(wild / 2):
            members.append(self._dice.choice(members))
        self._dice.shuffle(members)
        return b"{" + b",".join(members) + b"}"

    def _value(self, field: Any, wild: float, depth: int) -> bytes:
        if self.chance(wild):
            return self._dice.choice(VALUES)
        if field.is_repeated and not _is_map(field):
            count = self._dice.randint(0, 2) if wild else 1
            return b"[" + b",".join(self._one(field, wild, depth) for _ in range(count)) + b"]"
        return self._one(field, wild, depth)

    def _one(self, field: Any, wild: float, depth: int) -> bytes:
        if _is_map(field):
            return b"{%b:%b}" % (
                self._dice.choice(NAMES) if self.chance(wild) else b'"Name"',
                self._dice.choice(VALUES) if self.chance(wild) else b'"Ada"',
            )
        if field.message_type is not None:
            if "google" in field.message_type.full_name:
                return self._dice.choice((b'"2099-01-01T00:00:00Z"', b'"display_name"', b'"3s"'))
            return (
                self.json(tuple(field.message_type.fields), wild=wild, depth=depth + 1)
                if depth < 3
                else b"{}"
            )
        if field.enum_type is not None:
            return b'"%b"' % self._dice.choice(field.enum_type.values).name.encode()
        if field.type == field.TYPE_BOOL:
            return self._dice.choice((b"true", b"false"))
        if field.type != field.TYPE_STRING:
            return self._dice.choice((b"0", b"1", b"2", b"1000") if wild else (b"0", b"1"))
        return b'"%b"' % self._text(field.name).encode()

    def _text(self, name: str) -> str:
        owned = {"file": "files", "templates": "templates", "api_key": "apiKeys", "template": "templates"}
        own = self._names.get(owned.get(name, ""), [])
        if own:
            return self._dice.choice(own)
        usual = {
            "email": self._dice.choice(("fuzz@example.com", f"{self._dice.getrandbits(64)}@example.com")),
            "password": "correct horse battery staple",
            "current_password": "correct horse battery staple",
            "new_password": "correct horse battery staple",
            "prompt": "Hello {{Name}}",
            "url": "https://receiver.invalid/smelt",
            "secret": "sk-0123456789abcdefghij",
            "scopes": "read",
            "events": "job.completed",
            "base_url": "",
            "json_schema": "",
            "model": "",
            "max_cost_usd": "1.5",
            "encoding": "",
            "delimiter": "",
            "output_column": f"Hook{self._dice.getrandbits(16)}",
            "display_name": f"Name{self._dice.getrandbits(32)}",
        }
        return usual.get(name, self._dice.choice(("a", "", "Name", "x" * 101, "é", "😀")))


def _is_map(field: Any) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)
