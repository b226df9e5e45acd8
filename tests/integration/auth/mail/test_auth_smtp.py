"""Mail through a mail server: what it is told, and what becomes of a refusal."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from services.auth.mail.letters import Letter
from services.auth.mail.postman import NotDelivered, Undeliverable
from services.auth.mail.senders import SmtpSender
from services.auth.settings import SmtpSettings

LETTER = Letter("ada@example.com", "Set a new Smelt password", "Line one\n\nhttps://x.example/#token=abc\n")


@dataclass
class MailServer:
    """Speaks as much SMTP (RFC 5321) as a client of ours needs; `answer` is to each recipient."""

    answer: str = "250 ok"
    heard: list[str] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        data = False
        while line := (await reader.readline()).decode():
            self.heard.append(line.rstrip("\r\n"))
            if data:
                data = line != ".\r\n"
                if not data:
                    writer.write(b"250 taken\r\n")
                continue
            word = line.split()[0].upper()
            data = word == "DATA"
            said = {"DATA": "354 go on", "QUIT": "221 bye", "RCPT": self.answer}.get(word, "250 ok")
            writer.write(f"{said}\r\n".encode())
            if word == "QUIT":
                break
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    made = MailServer()
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    yield made
    listening.close()


def sender(port: int) -> SmtpSender:
    settings = SmtpSettings(smtp_host="127.0.0.1", smtp_port=port, smtp_security="none")
    return SmtpSender(settings, password=None, sender="Smelt <smelt@example.com>")


async def test_a_mail_arrives_as_it_was_written(server: MailServer) -> None:
    await sender(server.port).send(LETTER)
    assert "RCPT TO:<ada@example.com>" in server.heard
    assert "To: ada@example.com" in server.heard
    assert "Subject: Set a new Smelt password" in server.heard
    assert "https://x.example/#token=abc" in server.heard


@pytest.mark.parametrize(
    ("answer", "refusal"), [("550 nobody here", Undeliverable), ("450 come back", NotDelivered)]
)
async def test_a_refusal_is_final_or_not_as_the_server_says(
    server: MailServer, answer: str, refusal: type[Exception]
) -> None:
    server.answer = answer
    with pytest.raises(refusal):
        await sender(server.port).send(LETTER)


async def test_a_server_that_is_not_there_is_tried_again(server: MailServer) -> None:
    with pytest.raises(NotDelivered):
        await sender(1).send(LETTER)
