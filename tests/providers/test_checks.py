"""What every adapter answers when it is only asked whether it is there."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import stripe
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from services.clock import utc_now
from services.config import settings
from services.errors import ProviderUnavailable
from services.providers.answers import Answer
from services.providers.mail.base import Mail
from services.providers.mail.registry import mailer
from services.providers.mail.resend import ResendMail
from services.providers.mail.smtp import SmtpMail
from services.providers.payments.registry import payments
from services.providers.payments.stripe import StripePayments
from services.providers.storage.base import probe
from services.providers.storage.local import LocalStorage
from services.providers.storage.registry import own_files
from tests.support.ports import free_ports
from tests.support.servers import Sandbox, environment_of
from tests.support.studio import NOBODY_LISTENS

FROM = "Studio <studio@example.com>"


def asked() -> Answer:
    """Stripe's answer about the address that the settings name."""
    url = f"{settings().public_url}/api/webhooks/stripe"
    return payments("stripe").check(webhook_url=url)


def test_stripe_tells_its_mode_and_its_clock_when_all_is_well(vendor: Sandbox) -> None:
    answer = asked()
    assert answer.told == "test mode"
    assert answer.problems == ()
    assert answer.at is not None
    assert abs(answer.at - utc_now()) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"url": "https://elsewhere.example.com"}, "has no webhook endpoint"),
        ({"status": "disabled"}, "is disabled"),
        ({"api_version": "2024-06-20"}, f"create it with {stripe.api_version}"),
        ({"api_version": None}, "of the account"),
        (
            {"enabled_events": sorted(StripePayments.wanted - {"refund.failed"})},
            "does not send refund.failed",
        ),
    ],
)
def test_stripe_tells_what_is_wrong_with_the_webhook_endpoint(
    vendor: Sandbox, changes: dict[str, object], words: str
) -> None:
    vendor.control("stripe/endpoint", changes)
    [problem] = asked().problems
    assert words in problem


def test_a_wrong_key_is_told_from_a_vendor_that_is_away(vendor: Sandbox) -> None:
    wrong = StripePayments(
        key="sk_test_wrong",
        webhook_secret="x",
        api_base=f"{vendor.address}/stripe",
        timeout_seconds=5,
    )
    with pytest.raises(ProviderUnavailable) as refused:
        wrong.check(webhook_url="x")
    assert refused.value.code == "authentication"
    with (
        environment_of({"STRIPE_API_BASE": NOBODY_LISTENS}),
        pytest.raises(ProviderUnavailable) as away,
    ):
        asked()
    assert away.value.code != "authentication"


def test_a_failing_stripe_is_asked_only_once(vendor: Sandbox) -> None:
    vendor.control(
        "faults",
        {"vendor": "stripe", "path": "*", "kind": "status", "status": 500, "times": 1},
    )
    with pytest.raises(ProviderUnavailable):
        asked()
    assert asked().told == "test mode"  # the one fault was used up by one request


def test_resend_tells_whether_the_sender_is_verified(vendor: Sandbox) -> None:
    good = mailer().check(sender=settings().mail_from)
    assert (good.told, good.problems) == ("the domain example.com is verified", ())
    assert good.at is not None
    [problem] = mailer().check(sender="x@another.example.org").problems
    assert "another.example.org of MAIL_FROM is not verified" in problem


def test_a_wrong_key_at_resend_is_named(vendor: Sandbox) -> None:
    with pytest.raises(ProviderUnavailable) as refused:
        ResendMail(key="re_wrong", api_base=f"{vendor.address}/resend").check(sender=FROM)
    assert refused.value.code == "invalid_api_key"


def test_a_resend_key_that_may_only_send_is_right() -> None:
    """The simulator's key may do everything: here Resend's refusal comes from a stand-in."""
    body = {"statusCode": 401, "name": "restricted_api_key", "message": "only send emails"}
    with _answering(401, body) as address:
        answer = ResendMail(key="re_sending", api_base=address).check(sender=FROM)
        ResendMail(key="re_sending", api_base=address).unblock(address="nora@example.com")
    assert "may only send" in answer.told
    assert answer.problems == ()


class Post:
    """A mail server that knows one password and takes mail from one address."""

    async def handle_MAIL(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        envelope.mail_from = address
        return "250 OK" if address == "studio@example.com" else "553 not yours"

    async def handle_DATA(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:
        raise AssertionError("a mail was sent")


def _knows(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: LoginPassword
) -> AuthResult:
    return AuthResult(success=data.password == b"right", handled=False)


def _smtp(port: int, password: str = "right") -> SmtpMail:
    return SmtpMail(host="127.0.0.1", port=port, user="studio", password=password, security="none")


def test_smtp_signs_in_and_begins_a_mail_without_sending_one() -> None:
    [port] = free_ports(1)
    server = Controller(
        Post(),
        hostname="127.0.0.1",
        port=port,
        authenticator=_knows,
        auth_require_tls=False,
        auth_required=True,
    )
    server.start()
    try:
        assert _smtp(port).check(sender=FROM) == Answer("signed in at 127.0.0.1")
        [problem] = _smtp(port).check(sender="other@example.com").problems
        assert "takes no mail from other@example.com" in problem
        with pytest.raises(ProviderUnavailable, match="the password was refused"):
            _smtp(port, "wrong").check(sender=FROM)
        with pytest.raises(ProviderUnavailable) as refused:
            _smtp(port, "wrong").send(Mail("mail:1", FROM, "nora@example.com", "A", "b", "c", "d"))
        assert refused.value.stop, "mails stand still until an operator has put it right"
    finally:
        server.stop()
    with pytest.raises(ProviderUnavailable):
        _smtp(port).check(sender=FROM)


def test_a_store_is_probed_without_a_trace() -> None:
    probe(own_files())
    assert [path for path in (settings().data_dir / "files").rglob("*") if path.is_file()] == []


def test_a_store_that_cannot_be_written_is_an_outage() -> None:
    settings().data_dir.mkdir(parents=True)
    in_the_way = settings().data_dir / "in-the-way"
    in_the_way.write_text("a file, not a folder")
    with pytest.raises(ProviderUnavailable):
        probe(LocalStorage(in_the_way / "files"))


@contextmanager
def _answering(status: int, body: Mapping[str, object]) -> Iterator[str]:
    """A server that gives every request the same answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_DELETE(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
