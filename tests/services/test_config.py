"""Settings: a wrong or missing one is one clear sentence; simulators never meet a real key."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from services.config import RESEND_API, STRIPE_API, ConfigError, Settings, settings
from tests.support.servers import environment_of

KEYS = {"STRIPE_SECRET_KEY": "sk_live_x", "STRIPE_WEBHOOK_SECRET": "whsec_x"}
PRODUCTION = {
    **KEYS,
    "APP_ENV": "production",
    "SECRET_KEY": "x" * 32,
    "PUBLIC_URL": "https://studio.example.com",
    "RESEND_API_KEY": "re_x",
}


def _read(values: dict[str, str]) -> Settings:
    """The settings with nothing set but these, and where this test may write."""
    kept = {"DATA_DIR", "SECRET_KEY"}
    unset = {name.upper(): "" for name in Settings.model_fields if name.upper() not in kept}
    with environment_of({**unset, **values}):
        return settings()


def test_nothing_set_means_simulators_on_loopback() -> None:
    chosen = _read({"PORT": "4000"})
    assert chosen.simulated == {"Stripe": True, "Resend": True}
    assert chosen.stripe_api_base == "http://127.0.0.1:4001/stripe"
    assert chosen.resend_api_base == "http://127.0.0.1:4001/resend"
    assert chosen.public_url == "http://localhost:4000"
    assert not chosen.secure_cookies


def test_keys_alone_mean_the_vendors() -> None:
    chosen = _read(PRODUCTION)
    assert chosen.simulated == {"Stripe": False, "Resend": False}
    assert (chosen.stripe_api_base, chosen.resend_api_base) == (STRIPE_API, RESEND_API)
    assert chosen.effective_stripe_webhook_secret == "whsec_x"
    assert chosen.secure_cookies
    assert chosen.allowed_origins == {"https://studio.example.com"}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"PORT": "70000"}, "PORT"),
        ({"PORT": "many"}, "PORT"),
        ({"PUBLIC_URL": "studio.example.com"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "https://studio.example.com/shop"}, "without a path"),
        ({"STUDIO_TIMEZONE": "Mars/Olympus"}, "STUDIO_TIMEZONE is wrong: is not an IANA"),
        ({"STUDIO_CURRENCY": "euro"}, "STUDIO_CURRENCY"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL must begin with"),
        ({"TRUSTED_PROXIES": "10.0.0.0/8, proxy"}, "TRUSTED_PROXIES"),
        ({"SEAT_HOLD_MINUTES": "30"}, "SEAT_HOLD_MINUTES"),
        ({"MAIL_PROVIDER": "smtp"}, "SMTP_HOST is missing"),
        ({"STRIPE_SECRET_KEY": "sk_live_x"}, "STRIPE_WEBHOOK_SECRET is missing"),
        ({"STRIPE_API_BASE": "https://api.stripe.com"}, "STRIPE_SECRET_KEY is missing"),
        ({**KEYS, "STRIPE_API_BASE": "http://localhost:1/stripe"}, "points at a simulator"),
        ({"RESEND_API_BASE": "https://api.resend.com"}, "RESEND_API_KEY is missing"),
        (
            {"RESEND_API_KEY": "re_x", "RESEND_API_BASE": "http://127.0.0.1:1"},
            "points at a simulator",
        ),
        ({"APP_ENV": "staging"}, "APP_ENV"),
        ({**PRODUCTION, "SECRET_KEY": "short"}, "32 characters"),
        ({**PRODUCTION, "PUBLIC_URL": "http://studio.example.com"}, "https://"),
        ({**PRODUCTION, "RESEND_API_KEY": ""}, "give keys for Resend"),
        (
            {**PRODUCTION, "STRIPE_SECRET_KEY": "", "RESEND_API_KEY": ""},
            "give keys for Stripe and Resend",
        ),
    ],
)
def test_a_wrong_setting_is_one_sentence_that_names_it(values: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        _read(values)
    sentence = str(raised.value)
    assert words in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_a_secret_never_appears_in_the_sentence() -> None:
    with pytest.raises(ConfigError) as raised:
        _read({**PRODUCTION, "SECRET_KEY": "hunter2", "STRIPE_SECRET_KEY": "sk_live_hunter2"})
    assert "hunter2" not in str(raised.value)


def test_the_key_is_generated_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    values = {"SECRET_KEY": "", "DATA_DIR": str(tmp_path / "own")}
    first, second = _read(values).signing_key, _read(values).signing_key
    assert first == second
    assert len(first) >= 32
    assert stat.S_IMODE((tmp_path / "own" / "secret_key").stat().st_mode) == 0o600


def test_the_simulators_webhook_secret_follows_the_key() -> None:
    one = _read({"SECRET_KEY": "a" * 32}).effective_stripe_webhook_secret
    other = _read({"SECRET_KEY": "b" * 32}).effective_stripe_webhook_secret
    assert one.startswith("whsec_")
    assert one != other
