"""The simulated Agora's REST API, asked as Agora's manual says and in every wrong way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.config import settings
from services.providers.mail.pace import Pace
from services.providers.video.registry import video
from tests.support.agora import Agora
from tests.support.servers import Sandbox

Json = dict[str, Any]
BEGUN = 1_772_445_600
"""10:00 on 2 March 2026, where the clock stands."""
CHANNEL = "ses_1"
UID = "900"
JSON = "application/json;charset=utf-8"
PACE = Pace(8)
"""Of all tests here: the simulator refuses what Agora refuses."""


@dataclass
class Rest:
    """Somebody at Agora's REST API."""

    world: Agora
    folder: Path
    http: httpx.Client
    passed: int = field(default=0)

    @property
    def base(self) -> str:
        return f"/agora/v1/apps/{settings().effective_agora_app_id}/cloud_recording"

    def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        named = {"content-type": JSON} | {k.replace("_", "-"): v for k, v in headers.items()}
        content = body if isinstance(body, bytes) else httpx.Request("POST", "/", json=body).content
        return self.http.post(f"{self.base}/{path}", content=content, headers=named)

    def acquire(
        self, uid: object = UID, channel: object = CHANNEL, **asked: object
    ) -> httpx.Response:
        request = {"scene": 0, "resourceExpiredHour": 24, **asked}
        return self.post("acquire", {"cname": channel, "uid": uid, "clientRequest": request})

    def resource(self) -> str:
        answer = self.acquire()
        assert answer.status_code == 200
        return str(answer.json()["resourceId"])

    def storage(self, **changes: object) -> Json:
        usual: Json = {
            "vendor": 11,
            "region": 0,
            "bucket": str(self.folder),
            "accessKey": "",
            "secretKey": "",
            "fileNamePrefix": ["rec", "7f3a"],
            "extensionParams": {"endpoint": "folder.invalid"},
        }
        return usual | changes

    def request(self, **changes: object) -> Json:
        """The clientRequest of a start; a change of None leaves its part away."""
        now = datetime.fromtimestamp(BEGUN + self.passed, UTC)
        ticket = video().ticket(CHANNEL, int(UID), now=now, until=now + timedelta(hours=2))
        usual: Json = {
            "token": ticket.token,
            "recordingConfig": {"channelType": 0, "streamTypes": 2, "maxIdleTime": 60},
            "recordingFileConfig": {"avFileType": ["hls", "mp4"]},
            "storageConfig": self.storage(),
        }
        return {name: value for name, value in (usual | changes).items() if value is not None}

    def start(self, resource: str | None = None, **changes: object) -> httpx.Response:
        body = {"cname": CHANNEL, "uid": UID, "clientRequest": self.request(**changes)}
        return self.post(f"resourceid/{resource or self.resource()}/mode/mix/start", body)

    def started(self, **changes: object) -> Json:
        """One that is in the channel."""
        answer = self.start(None, **changes)
        assert answer.status_code == 200, answer.text
        self.later(3)
        return answer.json()

    def of(self, recorder: Json, verb: str) -> str:
        return f"resourceid/{recorder['resourceId']}/sid/{recorder['sid']}/mode/mix/{verb}"

    def query(self, recorder: Json) -> httpx.Response:
        return self.http.get(f"{self.base}/{self.of(recorder, 'query')}")

    def stop(self, recorder: Json, **changes: object) -> httpx.Response:
        body = {"cname": CHANNEL, "uid": UID, "clientRequest": {"async_stop": True}}
        return self.post(self.of(recorder, "stop"), body | changes)

    def later(self, seconds: int) -> None:
        """Let the time pass at Agora's."""
        self.passed += seconds
        self.world.clock(BEGUN + self.passed)


def customer(address: str) -> httpx.Client:
    """Who may ask for recordings, as fast as they like."""
    chosen = settings()
    pair = (chosen.effective_agora_customer_id, chosen.effective_agora_customer_secret)
    return httpx.Client(base_url=address, trust_env=False, auth=pair)


@pytest.fixture
def rest(sandbox: Sandbox, tmp_path: Path) -> Rest:
    """The simulator at a fixed moment, whose notifications stay with it."""
    world = Agora(sandbox)
    world.webhooks("hold")
    world.clock(BEGUN)
    http = customer(sandbox.address)
    http.event_hooks["request"].append(lambda _: PACE.wait())
    folder = Path(sandbox.environment["DATA_DIR"]) / "recorder" / tmp_path.name
    return Rest(world, folder, http)
