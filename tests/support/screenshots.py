"""Pictures of every page: `make screenshots`, into the ignored folder `screenshots/`.

It runs the product with the demo studio in a corner of its own, as `tests.support.serve` does,
opens every page and face of `tests.support.scenes` in light and dark, on a desk and on a phone, and
writes an `index.html` to look at them all. A page that cannot be shown fails it.

`ARGS=--keep` also renews the chosen ones in `docs/screenshots/`; `ARGS="--only mentor"` takes those
alone whose name holds the word.
"""

from __future__ import annotations

import argparse
import html
import io
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

from mentorships.launch import ROOT
from mentorships.seed import DEMO_PASSWORD
from services import db, signin
from services.config import settings
from state import cookies
from tests.support import browser as chromium
from tests.support.ports import free_ports
from tests.support.scenes import Scene, scenes
from tests.support.servers import environment_of

OUT = ROOT / "screenshots"
KEPT = ROOT / "docs" / "screenshots"
NAME = "screenshots"
SIZES = {"desk": (1440, 900), "phone": (360, 740)}
START_SECONDS = 300
PATIENCE_MS = 20_000
SKELETON_MS = 600
MOST_BYTES = 150_000
# What README shows: a scene, where, in which colours. Pictures there end where the screen does.
KEEP = (
    ("home", "desk", "light"),
    ("mentors", "desk", "light"),
    ("mentor", "desk", "dark"),
    ("checkout-held", "desk", "light"),
    ("dashboard", "desk", "light"),
    ("book", "desk", "light"),
    ("mentor-availability", "desk", "light"),
    ("admin-revenue", "desk", "light"),
    ("admin-orders", "desk", "dark"),
    ("admin-jobs", "desk", "light"),
    ("recording", "desk", "dark"),
    ("admin-costs-plan", "desk", "light"),
    ("room", "phone", "light"),
    ("settings-notifications", "phone", "light"),
    ("mentors", "phone", "dark"),
)
NOTHING_MOVES = "document.getAnimations().every((one) => one.playState !== 'running')"


def main(arguments: list[str]) -> int:
    """Exit code 0 when every page was shown, 1 with the pages that were not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="renew docs/screenshots/")
    parser.add_argument("--only", default="", help="those whose name holds this")
    asked = parser.parse_args(arguments)
    OUT.mkdir(exist_ok=True)
    with _studio():
        wanted = [scene for scene in scenes() if asked.only in scene.name]
        problems = take(wanted)
    write_index()
    if asked.keep:
        problems += keep()
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{OUT / 'index.html'}")
    return 1 if problems else 0


@contextmanager
def _studio() -> Iterator[None]:
    """Run the product; inside, the services of this process use its database."""
    port, sandbox_port = free_ports(2)
    corner = Path(tempfile.gettempdir()) / f"mentorships-{NAME}"
    values = {
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox_port),
        "DATA_DIR": str(corner / "data"),
        "PUBLIC_URL": f"http://localhost:{port}",
    }
    serving = subprocess.Popen(
        [sys.executable, "-m", "tests.support.serve", NAME], cwd=ROOT, env={**os.environ, **values}
    )
    try:
        with environment_of(values):
            _wait_until_ready(serving, f"http://127.0.0.1:{port}/ready")
            yield
            db.dispose()
    finally:
        serving.send_signal(signal.SIGINT)
        serving.wait(timeout=30)


def _wait_until_ready(serving: subprocess.Popen[bytes], address: str) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if serving.poll() is not None:
            raise SystemExit("The product did not start; its last lines are above.")
        try:
            with urlopen(address, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.3)
    raise SystemExit(f"The product was not ready after {START_SECONDS} seconds.")


def take(wanted: list[Scene]) -> list[str]:
    """Take every picture of these scenes; a sentence for each that could not be taken."""
    problems: list[str] = []
    executable = chromium.find()
    if executable is None:
        raise SystemExit(chromium.MISSING)
    with sync_playwright() as driver:
        arguments = [*chromium.flags(), *chromium.DEVICES]
        browser = driver.chromium.launch(executable_path=executable, args=arguments)
        secrets: dict[str, str] = {}
        for number, scene in enumerate(wanted, 1):
            print(f"{number:>3} of {len(wanted)}  {scene.name}", flush=True)
            try:
                _take_one(browser, scene, secrets)
            except (Error, AssertionError) as error:
                problems.append(f"{scene.name} ({scene.address}) could not be shown: {error}")
        browser.close()
    return problems


def _take_one(browser: Browser, scene: Scene, secrets: dict[str, str]) -> None:
    for size, (width, height) in SIZES.items():
        context = browser.new_context(
            base_url=settings().public_url,
            timezone_id="Europe/Berlin",
            locale="en-GB",
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_MS)
        try:
            _sign_in(context, scene.who, secrets)
            page = _opened(context, scene)
            for colours in ("light", "dark"):
                _in_colours(page, colours)
                _save(page, f"{scene.name}.{size}.{colours}")
        finally:
            context.close()


def _sign_in(context: BrowserContext, who: str, secrets: dict[str, str]) -> None:
    if not who:
        return
    if who not in secrets:
        secrets[who] = signin.sign_in(
            email=who, password=DEMO_PASSWORD, user_agent=_BROWSER, address="192.0.2.7"
        )
    context.add_cookies(
        [{"name": cookies.session_name(), "value": secrets[who], "url": settings().public_url}]
    )


def _opened(context: BrowserContext, scene: Scene) -> Page:
    page = context.new_page()
    if scene.held:
        page.route_web_socket(re.compile("/_event"), lambda _: None)
    page.goto(scene.address)
    expect(page.get_by_role("heading", level=1).first).to_be_attached()
    if scene.held:
        page.wait_for_timeout(SKELETON_MS)
        return page
    known = page.get_by_role("link", name=re.compile("^(Sign in|Dashboard)$"))
    expect(known.or_(page.locator(".rail-links")).first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".skeleton")).to_have_count(0, timeout=PATIENCE_MS)
    for chart in page.locator(".chart").all():
        expect(chart.locator(".main-svg").first).to_be_visible(timeout=PATIENCE_MS)
    page.evaluate("document.querySelectorAll('img').forEach((one) => { one.loading = 'eager' })")
    page.wait_for_load_state("networkidle")
    return page


def _in_colours(page: Page, colours: str) -> None:
    page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
    page.wait_for_function(
        "dark => document.documentElement.classList.contains('dark') === dark",
        arg=colours == "dark",
    )
    page.evaluate("document.fonts.ready.then(() => true)")


def _save(page: Page, name: str) -> None:
    page.screenshot(path=OUT / f"{name}.png", full_page=True)


def write_index() -> None:
    """All pictures on one page, in the order of their names."""
    names = sorted({path.name.split(".")[0] for path in OUT.glob("*.png")})
    parts = ["<!doctype html><meta charset='utf-8'><title>Screenshots</title>"]
    for name in names:
        parts.append(f"<h2 style='font:600 20px sans-serif'>{html.escape(name)}</h2>")
        for path in sorted(OUT.glob(f"{name}.*.png")):
            shown = html.escape(path.name)
            width = 200 if ".phone." in path.name else 560
            parts.append(
                f"<a href='{shown}'><img src='{shown}' alt='{shown}' width='{width}' "
                "loading='lazy' style='vertical-align:top;margin:8px;border:1px solid #999'></a>"
            )
    (OUT / "index.html").write_text("\n".join(parts), encoding="utf-8")


def keep() -> list[str]:
    """Renew the pictures that README shows; a sentence for each that is missing."""
    KEPT.mkdir(parents=True, exist_ok=True)
    problems: list[str] = []
    for scene, size, colours in KEEP:
        source = OUT / f"{scene}.{size}.{colours}.png"
        if not source.exists():
            problems.append(f"docs/screenshots: {source.name} was not taken")
            continue
        with Image.open(source) as picture:
            width, height = SIZES[size]
            screen = picture.convert("RGB").crop((0, 0, width, min(height, picture.height)))
        (KEPT / f"{scene}-{size}-{colours}.webp").write_bytes(_small(screen))
    return problems


def _small(picture: Image.Image) -> bytes:
    """A WebP of at most `MOST_BYTES`."""
    for quality in (90, 80, 70, 60, 50):
        out = io.BytesIO()
        picture.save(out, "WEBP", quality=quality, method=6)
        if out.tell() <= MOST_BYTES:
            break
    return out.getvalue()


_BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36"

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
