"""Settings: a wrong or missing one is one clear sentence; simulators never meet a real key."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mentorships.cli import main
from mentorships.launch import ROOT
from services.config import DISCORD_CONSENT, GOOGLE_CONSENT, ConfigError, Settings, settings
from services.settings_checks import (
    AGORA_API,
    AGORA_PER_SECOND,
    DISCORD_API,
    GOOGLE_API,
    GOOGLE_OAUTH,
    PAYPAL_API,
    RESEND_API,
    STRIPE_API,
)
from tests.support.servers import environment_of

KEYS = {"STRIPE_SECRET_KEY": "sk_live_x", "STRIPE_WEBHOOK_SECRET": "whsec_x"}
PRODUCTION = {
    **KEYS,
    "APP_ENV": "production",
    "SECRET_KEY": "x" * 32,
    "PUBLIC_URL": "https://studio.example.com",
    "RESEND_API_KEY": "re_x",
}
HIDDEN = "hunter2"
A_FILE = __file__

# For every setting a value that cannot be meant.
WRONG: dict[str, str] = {
    "APP_ENV": "staging",
    "HOST": "my host",
    "PORT": "70000",
    "SANDBOX_PORT": "-1",
    "PUBLIC_URL": "https://studio.example.com/shop",
    "SECRET_KEY": HIDDEN,
    "DATA_DIR": A_FILE,
    "DATABASE_URL": f"mysql://studio:{HIDDEN}@localhost/studio",
    "REDIS_URL": f"localhost:6379?{HIDDEN}",
    "TRUSTED_PROXIES": "10.0.0.0/8, proxy",
    "WEB_WORKERS": "0",
    "DATABASE_POOL_SIZE": "many",
    "LIVE_UPDATES_PER_SECOND": "5",
    "BACKUP_DIR": A_FILE,
    "LOG_FORMAT": "xml",
    "METRICS_TOKEN": HIDDEN,
    "SENTRY_DSN": f"https://{HIDDEN}.example.com",
    "STUDIO_NAME": "M" * 81,
    "STUDIO_TIMEZONE": "Mars/Olympus",
    "STUDIO_CURRENCY": "euro",
    "SELLER_NAME": "M" * 121,
    "SELLER_ADDRESS": "M" * 401,
    "SELLER_TAX_ID": "1" * 41,
    "TAX_MODE": "sometimes",
    "TAX_RATE_PERCENT": "101",
    "TAX_LABEL": "V" * 21,
    "STRIPE_SECRET_KEY": HIDDEN,
    "STRIPE_WEBHOOK_SECRET": HIDDEN,
    "STRIPE_API_BASE": "api.stripe.com",
    "STRIPE_TIMEOUT_SECONDS": "0",
    "PAYPAL_CLIENT_ID": HIDDEN,
    "PAYPAL_CLIENT_SECRET": HIDDEN,
    "PAYPAL_WEBHOOK_ID": HIDDEN,
    "PAYPAL_API_BASE": "api-m.paypal.com",
    "PAYPAL_TIMEOUT_SECONDS": "0",
    "PAYPAL_CERT_HOSTS": "http://127.0.0.1",
    "PAYPAL_TRUST_ROOT": "/nowhere/at/all.pem",
    "MAIL_PROVIDER": "pigeon",
    "MAIL_FROM": "the studio",
    "RESEND_API_KEY": HIDDEN,
    "RESEND_API_BASE": "ftp://api.resend.com",
    "SMTP_HOST": "smtp://mail.example.com",
    "SMTP_PORT": "0",
    "SMTP_USER": "studio",
    "SMTP_PASSWORD": HIDDEN,
    "SMTP_SECURITY": "ssl",
    "GOOGLE_CLIENT_ID": HIDDEN,
    "GOOGLE_CLIENT_SECRET": HIDDEN,
    "GOOGLE_API_BASE": "www.googleapis.com",
    "GOOGLE_OAUTH_BASE": "ftp://oauth2.googleapis.com",
    "GOOGLE_TIMEOUT_SECONDS": "0",
    "CALENDAR_POLL_MINUTES": "0",
    "CALENDAR_FRESH_SECONDS": "-1",
    "CALENDAR_UNKNOWN_MINUTES": "1",
    "DISCORD_CLIENT_ID": HIDDEN,
    "DISCORD_CLIENT_SECRET": HIDDEN,
    "DISCORD_BOT_TOKEN": f"Bot {HIDDEN}",
    "DISCORD_GUILD_ID": HIDDEN,
    "DISCORD_PUBLIC_KEY": HIDDEN,
    "DISCORD_API_BASE": "ftp://discord.com",
    "DISCORD_ALERT_CHANNEL_ID": HIDDEN,
    "DISCORD_TIMEOUT_SECONDS": "0",
    "AGORA_APP_ID": HIDDEN,
    "AGORA_APP_CERTIFICATE": HIDDEN,
    "AGORA_CUSTOMER_ID": HIDDEN,
    "AGORA_CUSTOMER_SECRET": HIDDEN,
    "AGORA_API_BASE": "ftp://api.sd-rtn.com",
    "AGORA_WEBHOOK_SECRET": HIDDEN,
    "AGORA_TIMEOUT_SECONDS": "0",
    "AGORA_PER_SECOND": "-1",
    "SEAT_HOLD_MINUTES": "30",
    "HOLD_UNREACHABLE_MINUTES": "0",
    "OPEN_CHECKOUTS_PER_ACCOUNT": "0",
    "DELAYED_PAYMENTS": "perhaps",
    "DELAYED_PAYMENT_DAYS": "31",
    "GRACE_HOURS": "0",
    "REFUND_SECOND_ADMIN_ABOVE": "-1",
    "MENTOR_SHARE_PERCENT": "101",
    "DEFAULT_CAPACITY": "-1",
    "SESSION_MINUTES": "481",
    "BUFFER_MINUTES": "61",
    "NOTICE_HOURS": "721",
    "HORIZON_DAYS": "366",
    "SLOT_STEP_MINUTES": "481",
    "SLOT_HOLD_MINUTES": "61",
    "CHANGE_LIMIT_HOURS": "169",
    "JOIN_MINUTES": "121",
    "DECIDE_HOURS": "721",
    "OBJECTION_DAYS": "91",
    "PACK_EXTENSION_DAYS": "91",
    "ROOM_MARGIN_MINUTES": "121",
    "RECORDING_DAYS": "0",
    "RECORDING_REMINDER_DAYS": "366",
    "TRANSFERS_AT_ONCE": "5",
    "COST_PRICES": "cheap",
    "COST_BUDGET": "-1",
    "FEED_PAST_DAYS": "731",
    "SESSION_DAYS": "366",
    "VERIFY_LINK_HOURS": "0",
    "RESET_LINK_MINUTES": "4",
    "PHOTO_MAX_BYTES": "100",
    "WEBHOOK_MAX_BYTES": "9999999999",
    "RATE_LIMITS": "2.5",
    "SESSION_REMINDER_HOURS": "1",
    "SESSION_REMINDER_MINUTES": "121",
    "EXPIRY_REMINDER_DAYS": "0",
    "ONBOARDING_REMINDER_WEEKS": "53",
    "GRACE_WARNING_HOURS": "0",
    "NOTIFICATION_DAYS": "6",
    "WAITLIST_OFFER_HOURS": "0",
    "WAITLIST_REMINDER_HOURS": "0",
    "WAITLISTS_PER_ACCOUNT": "0",
    "RESEND_WEBHOOK_SECRET": HIDDEN,
    "RESEND_PER_SECOND": "-1",
    "STORAGE_DEFAULT": "my bucket",
    "RECORDING_SOURCE": "../recordings",
    "FILES_CDN_BASE": "https://cdn.example.com/videos",
}


def _environment(values: dict[str, str]) -> dict[str, str]:
    """Nothing set but these, and where this test may write."""
    kept = {"DATA_DIR", "SECRET_KEY"}
    unset = {name.upper(): "" for name in Settings.model_fields if name.upper() not in kept}
    return {**unset, **values}


def _read(values: dict[str, str]) -> Settings:
    with environment_of(_environment(values)):
        return settings()


def test_nothing_set_means_simulators_on_loopback() -> None:
    chosen = _read({"PORT": "4000"})
    assert chosen.simulated == {
        "Stripe": True,
        "PayPal": True,
        "Resend": True,
        "Google": True,
        "Discord": True,
        "Agora": True,
    }
    assert chosen.stripe_api_base == "http://127.0.0.1:4001/stripe"
    assert chosen.paypal_api_base == "http://127.0.0.1:4001/paypal"
    assert chosen.paypal_cert_hosts == "http://127.0.0.1:4001"
    assert chosen.resend_api_base == "http://127.0.0.1:4001/resend"
    assert chosen.public_url == "http://localhost:4000"
    assert not chosen.secure_cookies
    assert chosen.backup_dir == chosen.data_dir / "backups"


@pytest.mark.parametrize(
    ("given", "as_browsers_say"),
    [
        ("https://Studio.Example.com/", "https://studio.example.com"),
        ("HTTPS://studio.example.com:443", "https://studio.example.com"),
        ("http://localhost:80", "http://localhost"),
        ("https://studio.example.com:8443", "https://studio.example.com:8443"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_the_public_address_is_taken_as_browsers_write_an_origin(
    given: str, as_browsers_say: str
) -> None:
    chosen = _read({"PUBLIC_URL": given})
    assert chosen.public_url == as_browsers_say
    assert as_browsers_say in chosen.allowed_origins


@pytest.mark.parametrize("more", ["/?y=1", "?y=1", "#top", "?", "/shop"])
def test_a_public_address_with_more_than_an_origin_is_refused(more: str) -> None:
    for address in (f"https://studio.example.com{more}", "https://somebody@studio.example.com"):
        with pytest.raises(ConfigError, match="PUBLIC_URL"):
            _read({"PUBLIC_URL": address})


def test_keys_alone_mean_the_vendors() -> None:
    chosen = _read(PRODUCTION)
    assert not any(chosen.simulated.values())
    assert (chosen.stripe_api_base, chosen.resend_api_base) == (STRIPE_API, RESEND_API)
    assert chosen.effective_stripe_webhook_secret == "whsec_x"
    assert chosen.secure_cookies
    assert chosen.allowed_origins == {"https://studio.example.com"}


def test_in_production_a_calendar_needs_a_client_and_nothing_else_does() -> None:
    assert not _read(PRODUCTION).google_offered
    with_one = _read({**PRODUCTION, "GOOGLE_CLIENT_ID": "x", "GOOGLE_CLIENT_SECRET": "y"})
    assert with_one.google_offered
    assert (with_one.google_api_base, with_one.google_oauth_base) == (GOOGLE_API, GOOGLE_OAUTH)
    assert with_one.google_consent_url == GOOGLE_CONSENT
    assert with_one.google_redirect_url == "https://studio.example.com/oauth/google/callback"


DISCORD = {
    "DISCORD_CLIENT_ID": "1" * 18,
    "DISCORD_CLIENT_SECRET": "x",
    "DISCORD_BOT_TOKEN": "x.y.z",
    "DISCORD_GUILD_ID": "2" * 18,
    "DISCORD_PUBLIC_KEY": "ab" * 32,
}


def test_in_production_there_is_discord_with_an_application_alone() -> None:
    without = _read(PRODUCTION)
    assert (without.discord_offered, without.effective_discord_alert_channel_id) == (False, "")
    with_one = _read({**PRODUCTION, **DISCORD})
    assert with_one.discord_offered
    assert with_one.discord_api_base == DISCORD_API
    assert with_one.discord_consent_url == DISCORD_CONSENT
    assert with_one.discord_redirect_url == "https://studio.example.com/oauth/discord/callback"
    assert with_one.effective_discord_public_key == "ab" * 32
    assert with_one.effective_discord_alert_channel_id == ""
    assert not with_one.simulators_on


AGORA = {
    "AGORA_APP_ID": "0a" * 16,
    "AGORA_APP_CERTIFICATE": "0c" * 16,
    "AGORA_CUSTOMER_ID": "x",
    "AGORA_CUSTOMER_SECRET": "y",
}
SOURCE = {
    "STORAGE_B2_KIND": "b2",
    "STORAGE_B2_REGION": "eu-central-003",
    "STORAGE_B2_BUCKET": "recordings",
    "STORAGE_B2_KEY_ID": "x",
    "STORAGE_B2_SECRET": "y",
    "RECORDING_SOURCE": "b2",
}


def test_in_production_sessions_meet_here_with_an_agora_app_alone() -> None:
    without = _read(PRODUCTION)
    assert (without.video_offered, without.effective_agora_webhook_secret) == (False, "")
    with_one = _read({**PRODUCTION, **AGORA, **SOURCE})
    assert with_one.video_offered
    assert with_one.agora_api_base == AGORA_API
    assert with_one.effective_agora_app_id == "0a" * 16
    assert with_one.effective_agora_webhook_secret == ""
    assert not with_one.simulators_on
    assert with_one.agora_per_second == AGORA_PER_SECOND < 10
    assert _read({**PRODUCTION, **AGORA, **SOURCE, "AGORA_PER_SECOND": "3"}).agora_per_second == 3


def test_the_simulated_agora_takes_any_number_of_requests() -> None:
    assert _read({}).agora_per_second == 0


PAYPAL = {"PAYPAL_CLIENT_ID": "x", "PAYPAL_CLIENT_SECRET": "y", "PAYPAL_WEBHOOK_ID": "WH-1"}


def test_in_production_one_payment_provider_is_enough_and_only_those_with_keys_are_offered() -> (
    None
):
    assert list(_read(PRODUCTION).payment_providers) == ["stripe"]
    both = _read({**PRODUCTION, **PAYPAL})
    assert both.payment_providers == {"stripe": "Stripe", "paypal": "PayPal"}
    keyless = {"STRIPE_SECRET_KEY": "", "STRIPE_WEBHOOK_SECRET": ""}
    alone = _read({**PRODUCTION, **PAYPAL, **keyless})
    assert list(alone.payment_providers) == ["paypal"]
    assert not alone.simulators_on


def test_with_a_client_only_paypals_hosts_and_public_roots_vouch_for_its_webhooks() -> None:
    chosen = _read(PAYPAL)
    assert chosen.paypal_api_base == PAYPAL_API
    assert (chosen.paypal_cert_hosts, chosen.paypal_trust_roots) == (".paypal.com", "")
    assert "BEGIN CERTIFICATE" in _read({}).paypal_trust_roots
    assert _read({**PRODUCTION}).paypal_trust_roots == ""


def test_a_wrong_value_is_tried_for_every_setting() -> None:
    assert set(WRONG) == {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_is_exit_code_2_and_one_sentence_without_its_value(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with environment_of(_environment({name: WRONG[name]})):
        assert main(["retry"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert name in said.err
    assert said.err.endswith(".\n")
    assert said.err.count("\n") == 1
    assert HIDDEN not in said.err


def test_a_wrong_line_in_the_file_of_settings_is_the_same_sentence(tmp_path: Path) -> None:
    (tmp_path / "env").write_text("PORT=70000\n")
    kept = {n: v for n, v in os.environ.items() if n != "PORT"}
    done = subprocess.run(
        [sys.executable, "-m", "mentorships.cli", "retry"],
        cwd=ROOT,
        env=kept | {"ENV_FILE": str(tmp_path / "env")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert (
        done.stderr == "The setting PORT is wrong: input should be less than or equal to 65535.\n"
    )


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"PUBLIC_URL": "studio.example.com"}, "PUBLIC_URL"),
        ({"DATABASE_URL": "postgresql+psycopg://localhost:port/studio"}, "DATABASE_URL"),
        ({"MAIL_PROVIDER": "smtp"}, "SMTP_HOST is missing"),
        ({"WAITLIST_OFFER_HOURS": "6"}, "WAITLIST_REMINDER_HOURS must be less than"),
        ({"WEB_WORKERS": "2"}, "WEB_WORKERS is more than 1, but REDIS_URL is missing"),
        ({"STRIPE_SECRET_KEY": "sk_live_x"}, "STRIPE_WEBHOOK_SECRET is missing"),
        ({"STRIPE_API_BASE": "https://api.stripe.com"}, "STRIPE_SECRET_KEY is missing"),
        ({**KEYS, "STRIPE_API_BASE": "http://localhost:1/stripe"}, "points at a simulator"),
        ({"RESEND_API_BASE": "https://api.resend.com"}, "RESEND_API_KEY is missing"),
        (
            {"RESEND_API_KEY": "re_x", "RESEND_API_BASE": "http://127.0.0.1:1"},
            "points at a simulator",
        ),
        ({"GOOGLE_CLIENT_ID": "x"}, "GOOGLE_CLIENT_SECRET belong together"),
        ({"GOOGLE_API_BASE": "https://www.googleapis.com"}, "GOOGLE_CLIENT_ID is missing"),
        (
            {
                "GOOGLE_CLIENT_ID": "x",
                "GOOGLE_CLIENT_SECRET": "x",
                "GOOGLE_OAUTH_BASE": "http://127.0.0.1:1",
            },
            "points at a simulator",
        ),
        ({**PAYPAL, "PAYPAL_WEBHOOK_ID": ""}, "PAYPAL_WEBHOOK_ID is missing"),
        ({"PAYPAL_CLIENT_SECRET": "x"}, "PAYPAL_CLIENT_SECRET belong together"),
        ({"PAYPAL_API_BASE": PAYPAL_API}, "PAYPAL_CLIENT_ID is missing"),
        ({**PAYPAL, "PAYPAL_API_BASE": "http://127.0.0.1:1"}, "points at a simulator"),
        ({**PAYPAL, "PAYPAL_API_BASE": "http://api-m.paypal.com"}, "must begin with https://"),
        ({**KEYS, "STRIPE_API_BASE": "http://api.stripe.com"}, "must begin with https://"),
        ({"DISCORD_GUILD_ID": "1" * 18}, "belong together, and DISCORD_CLIENT_ID is missing"),
        ({**DISCORD, "DISCORD_BOT_TOKEN": ""}, "and DISCORD_BOT_TOKEN is missing"),
        ({"DISCORD_ALERT_CHANNEL_ID": "1" * 18}, "DISCORD_CLIENT_ID is missing"),
        ({"DISCORD_API_BASE": DISCORD_API}, "DISCORD_CLIENT_ID is missing"),
        ({**DISCORD, "DISCORD_API_BASE": "http://127.0.0.1:1"}, "points at a simulator"),
        ({"AGORA_CUSTOMER_ID": "x"}, "belong together, and AGORA_APP_ID is missing"),
        ({**AGORA, "AGORA_CUSTOMER_SECRET": ""}, "and AGORA_CUSTOMER_SECRET is missing"),
        ({"AGORA_WEBHOOK_SECRET": "x"}, "AGORA_APP_ID is missing"),
        ({"AGORA_API_BASE": AGORA_API}, "AGORA_APP_ID is missing"),
        ({**AGORA, "AGORA_API_BASE": "http://127.0.0.1:1"}, "points at a simulator"),
        ({**AGORA, "AGORA_API_BASE": "http://api.sd-rtn.com"}, "must begin with https://"),
        (AGORA, "RECORDING_SOURCE names no bucket"),
        ({"TAX_MODE": "included"}, "TAX_RATE_PERCENT is missing"),
        ({**PRODUCTION, "SECRET_KEY": "short"}, "32 characters"),
        ({**PRODUCTION, "SECRET_KEY": ""}, "SECRET_KEY is missing"),
        ({**PRODUCTION, "PUBLIC_URL": "http://studio.example.com"}, "https://"),
        ({"RESEND_WEBHOOK_SECRET": "whsec_c2VjcmV0"}, "RESEND_API_KEY is missing"),
        ({**PRODUCTION, "RESEND_API_KEY": ""}, "give keys for Resend"),
        (
            {**PRODUCTION, "STRIPE_SECRET_KEY": "", "RESEND_API_KEY": ""},
            "give keys for Stripe and Resend",
        ),
    ],
)
def test_settings_that_do_not_fit_together_are_one_sentence(
    values: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        _read(values)
    sentence = str(raised.value)
    assert words in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_a_secret_never_appears_in_the_sentence() -> None:
    with pytest.raises(ConfigError) as raised:
        _read({**PRODUCTION, "SECRET_KEY": HIDDEN, "STRIPE_SECRET_KEY": f"sk_live_{HIDDEN}"})
    assert HIDDEN not in str(raised.value)


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


def _defaults() -> dict[str, str]:
    """Every setting with its default, as a file of settings would say it."""
    values = {name.upper(): field.default for name, field in Settings.model_fields.items()}
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in values.items()
    }


def test_the_example_file_has_every_setting_with_its_default_and_a_sentence() -> None:
    written: dict[str, str] = {}
    explained = False
    for line in (ROOT / ".env.example").read_text().splitlines():
        if found := re.fullmatch(r"([A-Z_]+)=(.*)", line):
            assert explained, f"{found[1]} has no sentence"
            written[found[1]], explained = found[2], False
        elif not line.startswith("# ---"):
            explained = line.startswith("# ")
    assert written == _defaults()


def test_the_readme_has_every_setting_with_its_default_and_its_meaning() -> None:
    section = (ROOT / "README.md").read_text().partition("\n## Settings\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([A-Z_]+)` \| (?:`([^`]*)`)? ?\| (.+) \|$", section, re.MULTILINE)
    assert {name: default for name, default, _ in rows} == _defaults()
    assert all(len(meaning) > 10 for _, _, meaning in rows)
