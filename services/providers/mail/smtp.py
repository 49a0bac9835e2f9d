"""Any SMTP server, for a small self-hosted studio. SMTP knows no idempotency key: a mail whose
confirmation was lost may arrive twice, with the same Message-ID."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from datetime import datetime
from email.message import EmailMessage, Message
from email.policy import EmailPolicy
from email.utils import formatdate, parseaddr
from typing import Final, Literal

from typing_extensions import override

from services.errors import ProviderRejected, ProviderUnavailable
from services.providers import calls
from services.providers.answers import Answer
from services.providers.mail.base import Mail

NAME: Final = "smtp"
TIMEOUT_SECONDS: Final = 15


class SmtpMail:
    """Sends through one SMTP server, a connection per mail."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        user: str,
        password: str,
        security: Literal["starttls", "tls", "none"],
    ) -> None:
        self._host, self._port = host, port
        self._user, self._password = user, password
        self._security = security

    def send(self, mail: Mail) -> str:
        """Send one mail and return its Message-ID."""
        message = _message(mail)
        try:
            with (
                calls.operation("send_mail"),
                calls.observed(NAME),
                self._connected() as server,
            ):
                server.send_message(message)
        except smtplib.SMTPAuthenticationError as error:
            wrong = error.smtp_code >= 500  # 4yz is a server that cannot look, for now
            raise ProviderUnavailable(
                NAME, "the password was refused", code="auth", stop=wrong
            ) from error
        except (smtplib.SMTPException, OSError) as error:
            kind = ProviderRejected if _is_final(error) else ProviderUnavailable
            raise kind(NAME, type(error).__name__) from error
        return str(message["Message-ID"])

    def find(self, *, to: str, subject: str, since: datetime) -> list[str]:  # noqa: ARG002  # the protocol's
        """A mail server does not tell what it was handed."""
        return []

    def unblock(self, *, address: str) -> None:
        """A mail server keeps no list of its own."""

    def check(self, *, sender: str) -> Answer:
        """Connect, sign in, begin a mail from `sender`, and leave without one."""
        address = parseaddr(sender)[1]
        try:
            with calls.operation("check"), calls.observed(NAME), self._connected() as server:
                server.ehlo_or_helo_if_needed()
                code, _ = server.mail(address)
                server.rset()
        except smtplib.SMTPAuthenticationError as error:
            raise ProviderUnavailable(NAME, "the password was refused", code="auth") from error
        except (smtplib.SMTPException, OSError) as error:
            raise ProviderUnavailable(NAME, type(error).__name__) from error
        signed_in = "signed in" if self._user else "connected, without a password"
        problem = f"the server takes no mail from {address}: change MAIL_FROM"
        return Answer(f"{signed_in} at {self._host}", (problem,) if code >= 400 else ())

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=TIMEOUT_SECONDS, context=context
            )
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_SECONDS)
            if self._security == "starttls":
                server.starttls(context=context)
        if self._user:
            server.login(self._user, self._password)
        return server


def _is_final(error: Exception) -> bool:
    """Whether the server said no for good: 5yz to this mail. 4yz, such as greylisting, passes; so
    does a wrong password, once the operator has put it right."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            return all(code >= 500 for code, _ in error.recipients.values())
        case smtplib.SMTPSenderRefused() | smtplib.SMTPDataError():
            return error.smtp_code >= 500
        case _:
            return False


class _LinksStayWhole(EmailPolicy):
    """Python encodes a word that is longer than a line; a link in a List-Unsubscribe header would
    then be read as none."""

    @override
    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower().startswith("list-unsubscribe"):
            return f"{name}: {value}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


def _message(mail: Mail) -> EmailMessage:
    domain = parseaddr(mail.sender)[1].partition("@")[2] or "localhost"
    message = EmailMessage(_LinksStayWhole())
    message["From"] = mail.sender
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = formatdate()
    message["Message-ID"] = f"<{hashlib.sha256(mail.key.encode()).hexdigest()[:32]}@{domain}>"
    for name, value in mail.headers.items():
        message[name] = value
    # Not every server takes 8-bit content.
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    for each in mail.attachments:
        kind = Message()
        kind["Content-Type"] = each.content_type
        message.add_attachment(
            each.content,
            maintype=kind.get_content_maintype(),
            subtype=kind.get_content_subtype(),
            filename=each.filename,
            params=dict(kind.get_params([])[1:]),
        )
    return message
