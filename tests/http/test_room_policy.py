"""Which page may call the video service: the room's alone, and only with keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from mentorships.http.policy import Policies
from services.config import settings
from tests.support.servers import environment_of

ROOM = "/sessions/ses_abc/room"
OTHERS = [
    "/sessions/ses_abc",
    "/sessions/ses_abc/move",
    "/sessions/ses_abc/x/room",
    "/room",
    "/",
    "/sessions//room",
]
KEYS = {
    "AGORA_APP_ID": "a" * 32,
    "AGORA_APP_CERTIFICATE": "b" * 32,
    "AGORA_CUSTOMER_ID": "customer",
    "AGORA_CUSTOMER_SECRET": "secret",
    "RECORDING_SOURCE": "b2",
    "STORAGE_B2_KIND": "b2",
    "STORAGE_B2_REGION": "eu-central-003",
    "STORAGE_B2_BUCKET": "recordings",
    "STORAGE_B2_KEY_ID": "key",
    "STORAGE_B2_SECRET": "secret",
}


def calls(policies: Policies, path: str) -> str:
    """Where the scripts of this page may call."""
    [policy] = [
        value.decode()
        for name, value in policies.headers(path)
        if name == b"content-security-policy"
    ]
    [found] = [part for part in policy.split("; ") if part.startswith("connect-src ")]
    return found


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A build with the page that stands in for all that have a name in their address."""
    (tmp_path / "__spa-fallback.html").write_text("<script>1</script>")
    return tmp_path


def test_with_keys_the_rooms_scripts_may_call_agora_and_no_other_pages(built: Path) -> None:
    with environment_of(KEYS):
        policies = Policies(settings(), built)
        for _ in range(2):  # the second time from memory
            for path in (ROOM, f"{ROOM}/"):
                assert "wss://*.agora.io:*" in calls(policies, path)
            for path in OTHERS:
                assert "agora" not in calls(policies, path)


def test_without_keys_no_page_may_call_anybody_outside(built: Path) -> None:
    policies = Policies(settings(), built)
    for path in (ROOM, *OTHERS):
        assert "agora" not in calls(policies, path)
        assert "sd-rtn" not in calls(policies, path)
