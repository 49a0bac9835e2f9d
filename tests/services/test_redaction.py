"""The last lock before the log: secrets and people are cut, everything else stays readable."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from services import logs, redaction
from services.config import settings
from tests.support.logs import captured
from tests.support.servers import environment_of


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("cannot mail mia.maler+x@mail.example.com today", "mia.maler"),
        ("özlem@beispiel.example is taken", "özlem"),
        ("key sk_test_simulator was refused", "simulator"),
        ("sk_live_51Habc and rk_live_9", "51Habc"),
        ("signed with whsec_0a1b2c3d", "0a1b2c3d"),
        ("key re_abc12345_Zyxwvutsrqponm", "Zyxwvutsrqponm"),
        ("postgresql+psycopg://studio:hidden-word@db/studio", "hidden-word"),
        ("redis://:hidden-word@cache:6379/0", "hidden-word"),
        ("Authorization: Bearer abcdef123456", "abcdef123456"),
        ("Cookie: mentorships_session=abcdef123", "abcdef123"),
        ("GET /verify?token=Zm9vYmFy&x=1", "Zm9vYmFy"),
        ("{'password': 'correct horse'}", "horse"),
        ('{"secret": "quiet"}', "quiet"),
        ("duplicate key\nDETAIL:  Failing row contains (1, Mia Maler, x).\nmore", "Mia"),
        (repr("duplicate\nDETAIL:  Failing row contains (1, Mia Maler).\nmore"), "Mia"),
        ("postgresql://studio:half@hidden-word@db/studio", "hidden-word"),
    ],
)
def test_secrets_and_people_are_cut_from_texts(text: str, secret: str) -> None:
    cut = redaction.text(text)
    assert secret not in cut
    assert redaction.REMOVED in cut


@pytest.mark.parametrize(
    "text",
    [
        "vendor_call provider=stripe operation=create_refund status=200",
        "re_3MabcDEF456 is pending, evt_1Q2w3e, cs_test_a1b2, ord_23456",
        "No such checkout session: cs_test_123",
        "RuntimeError: this thread has a transaction open: pass its session on",
        "the signature does not match",
    ],
)
def test_what_an_operator_needs_stays(text: str) -> None:
    assert redaction.text(text) == text


def test_fields_whose_names_tell_are_cut_whole_however_deep() -> None:
    line = {
        "event": "something",
        "password": "x",
        "to": ["mia@example.com"],
        "order": {"id": 7, "customer_email": "mia@example.com", "list": ["a@b.example", 3]},
        "signed_in": True,
        "email": "",
    }
    assert redaction.fields(line) == {
        "event": "something",
        "password": redaction.REMOVED,
        "to": redaction.REMOVED,
        "order": {"id": 7, "customer_email": redaction.REMOVED, "list": [redaction.REMOVED, 3]},
        "signed_in": True,
        "email": "",
    }


def test_our_own_secrets_are_known_by_their_value() -> None:
    redaction.know(["just-a-word-of-ours", "short", ""])
    try:
        assert redaction.text("it was just-a-word-of-ours") == f"it was {redaction.REMOVED}"
        assert redaction.text("a short text") == "a short text"
    finally:
        redaction.know([])


@given(st.text(max_size=300))
def test_any_text_can_be_cut_and_cutting_again_changes_nothing_sensitive(text: str) -> None:
    once = redaction.text(text)
    assert isinstance(once, str)
    assert len(redaction.text(once)) <= len(once) + len(redaction.REMOVED) * (once.count("=") + 2)


def test_a_text_made_to_be_slow_is_not_slow_and_a_huge_one_is_shortened() -> None:
    for piece in ("a-", "a", "token", "a@", "=", "'", "://", "sk_live_", "\n", "DETAIL:"):
        cut = redaction.text(piece * 100_000)
        assert len(cut) <= redaction.LONGEST_TEXT * 4


def test_the_passwords_of_the_storages_and_a_generated_key_are_known_by_their_value(
    tmp_path: Path,
) -> None:
    values = {
        "SECRET_KEY": "",
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": "postgresql+psycopg://studio:first%40word-of-it@db/studio",
        "REDIS_URL": "redis://:second-word-of-it@cache:6379/0",
    }
    with environment_of(values), captured() as lines:
        key = settings().signing_key
        structlog.get_logger().warning(
            "told", a="no first@word-of-it", b="no first%40word-of-it", c="second-word-of-it", d=key
        )
        [line] = lines()
    logs.configure()
    assert "word-of-it" not in repr(line)
    assert key not in repr(line)


def test_a_document_keeps_what_an_operator_needs_and_tells_of_nobody() -> None:
    told = """
    {"id": "evt_1", "type": "charge.refunded", "livemode": false,
     "data": {"object": {"amount": 12000, "currency": "eur", "payment_intent": "pi_1",
       "metadata": {"order": "ord_1"}, "receipt_email": "mia@example.com",
       "billing_details": {"name": "Mia Maler", "address": {"line1": "Example Road 1"}},
       "payment_method_details": {"card": {"last4": "4242", "fingerprint": "abcdef"}},
       "payer": {"given_name": "Mia", "surname": "Maler", "ip_address": "192.0.2.7"},
       "user": {"username": "miamia", "global_name": "Mia", "id": "80351110224678912"},
       "token": "aW50ZXJhY3Rpb24", "note": "call mia@example.com", "list": [{"phone": "+491234"}]
     }}}"""
    shown = redaction.document(told)
    for kept in ("charge.refunded", "12000", "eur", "pi_1", "ord_1", "80351110224678912"):
        assert kept in shown
    for hidden in (
        *("mia@example.com", "Mia", "Maler", "Example Road", "4242", "abcdef"),
        *("192.0.2.7", "miamia", "aW50ZXJhY3Rpb24", "+491234"),
    ):
        assert hidden not in shown
    assert '\n  "type": "charge.refunded"' in shown, "it is indented"


def test_a_document_that_is_no_json_tells_its_length_alone() -> None:
    assert redaction.document("Dear Mia, here is my address") == (
        f"{redaction.REMOVED}: 28 characters that are no JSON"
    )
    assert redaction.document("") == redaction.document({}) == ""


def test_a_document_is_bounded_in_length_and_in_depth() -> None:
    assert len(redaction.document('{"a": "' + "x y " * 20_000 + '"}')) < redaction.LONGEST_TEXT + 20
    deep = '{"a": ' * 200 + '"secret words"' + "}" * 200
    assert "secret words" not in redaction.document(deep)


@given(st.text(max_size=200))
def test_whatever_stands_there_makes_a_document(value: str) -> None:
    assert isinstance(redaction.document(value), str)
