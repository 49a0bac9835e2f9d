"""What every mail adapter promises: Resend against its simulator, SMTP against a real server."""

from __future__ import annotations

import email
import email.policy
import time
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.message import EmailMessage, Message
from typing import Any, Protocol, cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from services import clock
from services.errors import ProviderRejected, ProviderUnavailable
from services.providers.mail.base import Attachment, Mail, Refusal
from services.providers.mail.pace import Pace
from services.providers.mail.registry import mailer
from tests.support.ports import free_ports
from tests.support.servers import Sandbox, environment_of

MAIL = Mail(
    key="mail:purchase:ord_1",
    sender="Studio Größe <studio@example.com>",
    to="nora@example.com",
    subject="Your pack with Zoë is ready — €120.00",
    text="Hello Nora,\n\nthank you: €120.00.\n",
    html="<p>Hello Nora, thank you: €120.00.</p>",
    kind="purchase",
)


@dataclass
class Read:
    """A mail as its reader sees it."""

    sender: str
    to: str
    subject: str
    text: str
    html: str
    id: str
    files: list[tuple[str, str, bytes]]
    """The name, the type as it was sent, and the content of each file that came along."""
    headers: dict[str, str] = field(default_factory=dict[str, str])


class Post(Protocol):
    """A mail service with a mailbox behind it."""

    def mails(self) -> list[Read]: ...

    def refuse(self, kind: str) -> None:
        """Make the service refuse the next mail: `again` later, or `never` at all."""
        ...


@dataclass
class ResendPost:
    sandbox: Sandbox

    def mails(self) -> list[Read]:
        found = cast(list[dict[str, Any]], self.sandbox.control("mail"))
        return [
            Read(
                m["from"],
                m["to"][0],
                m["subject"],
                m["text"],
                m["html"],
                m["id"],
                [
                    (each["filename"], each["content_type"], b64decode(each["content"]))
                    for each in m["attachments"]
                ],
                m["headers"],
            )
            for m in reversed(found)
        ]

    def refuse(self, kind: str) -> None:
        status = 503 if kind == "again" else 422
        self.sandbox.control(
            "faults", {"vendor": "resend", "path": "/emails", "kind": "status", "status": status}
        )


@dataclass
class SmtpPost:
    """The handler of a real SMTP server."""

    received: list[EmailMessage] = field(default_factory=list[EmailMessage])
    answer: str = ""

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        answer, self.answer = self.answer or "250 OK", ""
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        content = cast(bytes, envelope.content)
        message = email.message_from_bytes(content, policy=email.policy.default)
        self.received.append(message)
        return "250 OK"

    def mails(self) -> list[Read]:
        return [_read(message) for message in self.received]

    def refuse(self, kind: str) -> None:
        self.answer = "451 try later" if kind == "again" else "550 no such mailbox"


def _read(message: EmailMessage) -> Read:
    def part(kind: str) -> str:
        body = message.get_body((kind,))
        assert body is not None
        return body.get_content()

    return Read(
        str(message["From"]),
        str(message["To"]),
        str(message["Subject"]),
        part("plain"),
        part("html"),
        str(message["Message-ID"]),
        [
            (str(part.get_filename()), _type(part), cast(bytes, part.get_payload(decode=True)))
            for part in message.iter_attachments()
        ],
        {name: str(value) for name, value in message.items()},
    )


def _type(part: Message) -> str:
    """The content type with its parameters, as `text/calendar; method=REQUEST`."""
    [(kind, _), *parameters] = cast(list[tuple[str, str]], part.get_params())
    return "; ".join([kind, *(f"{name}={value}" for name, value in parameters)])


@contextmanager
def smtp_server() -> Iterator[SmtpPost]:
    """A real SMTP server, which the settings choose."""
    handler = SmtpPost()
    [port] = free_ports(1)
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    chosen = {
        "MAIL_PROVIDER": "smtp",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(port),
        "SMTP_SECURITY": "none",
    }
    try:
        with environment_of(chosen):
            yield handler
    finally:
        controller.stop()


@pytest.fixture(params=["resend", "smtp"])
def post(request: pytest.FixtureRequest, vendor: Sandbox) -> Iterator[Post]:
    """Each mail service in turn, chosen by the settings."""
    if request.param == "resend":
        yield ResendPost(vendor)
    else:
        with smtp_server() as handler:
            yield handler


def test_a_mail_arrives_as_it_was_written(post: Post) -> None:
    mail_id = mailer().send(MAIL)
    [read] = post.mails()
    assert (read.to, read.subject) == (MAIL.to, MAIL.subject)
    assert "Größe" in read.sender
    assert "studio@example.com" in read.sender
    assert read.text.replace("\r\n", "\n") == MAIL.text
    assert MAIL.html in read.html
    assert mail_id == read.id


def test_a_calendar_file_arrives_as_a_calendar_program_wants_it(post: Post) -> None:
    content = b"BEGIN:VCALENDAR\r\nSUMMARY:Zo\xc3\xab\r\nEND:VCALENDAR\r\n"
    kind = "text/calendar; method=REQUEST; charset=utf-8"
    files = tuple(Attachment(f"session-{number}.ics", kind, content) for number in (1, 2))
    mailer().send(replace(MAIL, attachments=files))
    [read] = post.mails()
    assert read.files == [(each.filename, kind, content) for each in files]
    assert read.text.replace("\r\n", "\n") == MAIL.text


def test_a_long_link_in_a_header_arrives_whole(post: Post) -> None:
    link = f"<https://studio.example.com/unsubscribe/{'a' * 240}>"
    headers = {"List-Unsubscribe": link, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    mailer().send(replace(MAIL, headers=headers))
    [read] = post.mails()
    assert {name: read.headers[name] for name in headers} == headers


def test_an_address_that_was_never_stopped_may_be_unblocked(post: Post) -> None:
    mailer().unblock(address=MAIL.to)
    mailer().send(MAIL)
    assert len(post.mails()) == 1


def test_the_same_key_is_the_same_mail(post: Post) -> None:
    """Resend sends it once; by SMTP both copies carry one Message-ID."""
    assert mailer().send(MAIL) == mailer().send(MAIL)
    assert len({read.id for read in post.mails()}) == 1


def test_a_passing_trouble_may_be_tried_again(post: Post) -> None:
    post.refuse("again")
    with pytest.raises(ProviderUnavailable):
        mailer().send(MAIL)
    mailer().send(MAIL)
    assert len(post.mails()) == 1


def test_a_refusal_is_final(post: Post) -> None:
    post.refuse("never")
    with pytest.raises(ProviderRejected):
        mailer().send(MAIL)
    assert post.mails() == []


@pytest.mark.parametrize(
    "gone",
    [
        {"RESEND_API_BASE": "http://127.0.0.1:1"},
        {"MAIL_PROVIDER": "smtp", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": "1"},
    ],
    ids=["resend", "smtp"],
)
def test_nobody_listening_is_an_outage(gone: dict[str, str]) -> None:
    with environment_of(gone), pytest.raises(ProviderUnavailable):
        mailer().send(MAIL)


def test_a_server_without_tls_gets_no_mail_when_tls_is_asked_for() -> None:
    with smtp_server() as post:
        with environment_of({"SMTP_SECURITY": "starttls"}), pytest.raises(ProviderUnavailable):
            mailer().send(MAIL)
        assert post.mails() == []


def test_resends_rate_limit_is_an_outage_and_its_key_keeps_the_mail_single(
    vendor: Sandbox,
) -> None:
    vendor.control("mail/rate", {"limited": True})
    refused = 0
    for _ in range(60):
        try:
            mailer().send(MAIL)
        except ProviderUnavailable as error:
            refused += error.code == "rate_limit_exceeded"
            break
    assert refused
    assert len(ResendPost(vendor).mails()) == 1


def test_a_mail_that_has_gone_out_is_not_sent_again_in_other_words(vendor: Sandbox) -> None:
    assert mailer().send(MAIL)
    assert mailer().send(replace(MAIL, text="The world has changed since.")) == ""
    [gone] = ResendPost(vendor).mails()
    assert gone.text == MAIL.text


def test_a_mail_is_found_among_what_was_sent_since_a_moment(vendor: Sandbox) -> None:
    begun = clock.utc_now() - timedelta(seconds=2)
    assert mailer().find(to=MAIL.to, subject=MAIL.subject, since=begun) == []
    mail_id = mailer().send(MAIL)
    for number in range(120):  # more than a page of them
        mailer().send(replace(MAIL, key=f"mail:{number}", to="other@example.com"))
    assert mailer().find(to=MAIL.to, subject=MAIL.subject, since=begun) == [mail_id]
    assert mailer().find(to=MAIL.to, subject="Another", since=begun) == []
    later = clock.utc_now() + timedelta(minutes=1)
    assert mailer().find(to=MAIL.to, subject=MAIL.subject, since=later) == []


def test_a_mail_server_cannot_tell_what_it_was_handed() -> None:
    with smtp_server():
        mailer().send(MAIL)
        assert mailer().find(to=MAIL.to, subject=MAIL.subject, since=clock.utc_now()) == []


@pytest.mark.parametrize(
    ("full", "code"),
    [("daily", Refusal.DAY_IS_FULL), ("monthly", Refusal.MONTH_IS_FULL)],
)
def test_a_full_quota_is_told_from_a_second_that_is_too_full(
    vendor: Sandbox, full: str, code: Refusal
) -> None:
    vendor.control("mail/quota", {"full": full})
    with pytest.raises(ProviderUnavailable) as caught:
        mailer().send(MAIL)
    assert (caught.value.code, caught.value.retry_after) == (code, None)


def test_no_more_go_through_in_a_second_than_the_vendor_takes() -> None:
    pace, begun = Pace(5), time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(pace.wait) for _ in range(11)]:
            each.result()
    assert time.monotonic() - begun >= 2, "five at once, five after a second, one after two"


def test_without_a_limit_nobody_waits() -> None:
    pace, begun = Pace(0), time.monotonic()
    for _ in range(1_000):
        pace.wait()
    assert time.monotonic() - begun < 5
