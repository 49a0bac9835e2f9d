"""Browser pages that one person after another uses. A new context of Chromium fetches and compiles
every script again, which is most of the work of a short journey; a used one is emptied instead."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress

from playwright.sync_api import Browser, ConsoleMessage, Error, Page, ViewportSize

SIZE = ViewportSize(width=1280, height=800)


class Tabs:
    """The pages of one Chromium. What their browsers complained about is in `complaints`."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._idle: defaultdict[str, list[Page]] = defaultdict(list)
        self._used: list[tuple[str, Page]] = []
        self.complaints: list[str] = []

    def open(self, address: str) -> Page:
        """A page of somebody who was never there: no cookies, nothing stored."""
        page = self._idle[address].pop() if self._idle[address] else self._new(address)
        self._used.append((address, page))
        return page

    def empty(self) -> list[str]:
        """Forget everybody who used a page; what was complained about meanwhile."""
        used, self._used = self._used, []
        said, self.complaints = self.complaints, []
        for address, page in used:
            try:
                self._forget(address, page)
            except Error:  # closed by its test, or the server is gone
                with suppress(Error):
                    page.context.close()
            else:
                self._idle[address].append(page)
        self.complaints.clear()
        return said

    def _forget(self, address: str, page: Page) -> None:
        for other in page.context.pages:
            if other is not page:
                other.close()
        page.context.clear_cookies()
        page.goto(f"{address}/health")  # of the same origin, and without scripts
        page.evaluate("localStorage.clear(); sessionStorage.clear()")
        page.goto("about:blank")
        page.emulate_media(color_scheme="light", reduced_motion="null")
        page.set_viewport_size(SIZE)

    def _new(self, address: str) -> Page:
        context = self._browser.new_context(
            base_url=address,
            timezone_id="Europe/Berlin",
            locale="en-GB",
            viewport=SIZE,
        )
        page = context.new_page()
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def _listen(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.complaints.append(message.text)
