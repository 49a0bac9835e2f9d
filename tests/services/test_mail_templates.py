"""Every mail of the product, read whole: with made-up facts, in both its forms."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from jinja2 import UndefinedError
from starlette.routing import Match

from mentorships.http import auth, files, unsubscribe
from pages import PAGES
from services import mail, naming, telling
from services.config import settings
from services.mail import letters, previews
from services.mail.render import FACTS
from services.models import RefundReason, RefundStatus, User
from tests.services.rows import (
    a_mentor,
    a_payment,
    a_refund,
    a_user,
    an_admin,
    an_offer,
    an_order,
)

TEMPLATES = sorted(FACTS)
ROUTES = [*auth.routes, *files.routes, *unsubscribe.routes]
RAW_ID = re.compile(r"\b[a-z]{3}_\w{20,}")


class Reading(HTMLParser):
    """What a screen reader meets in a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: dict[str, str] = {}
        self.headings: list[str] = []
        self.language = ""
        self.pictures = 0
        self._in: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "html":
            self.language = found.get("lang") or ""
        if tag == "a":
            self._in.append(found.get("href") or "")
            self.links[self._in[-1]] = ""
        if tag == "h1":
            self._in.append("h1")
        self.pictures += tag == "img"

    def handle_endtag(self, tag: str) -> None:
        if tag in ("a", "h1"):
            self._in.pop()

    def handle_data(self, data: str) -> None:
        if self._in and self._in[-1] == "h1":
            self.headings.append(data)
        elif self._in:
            self.links[self._in[-1]] += data


def leads_somewhere(link: str) -> bool:
    """Whether a page or a route of ours answers there."""
    path = link.removeprefix(settings().public_url).partition("?")[0].rstrip("/") or "/"
    pages = [re.sub(r"\[\w+\]", "[^/]+", page.route) for page in PAGES]
    if any(re.fullmatch(page, path) for page in pages):
        return True
    scope = {"type": "http", "path": path, "method": "GET", "root_path": "", "headers": []}
    return any(route.matches(scope)[0] is Match.FULL for route in ROUTES)


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_mail_reads_well_in_both_its_forms(template: str) -> None:
    said = letters.render(template, "en", previews.made_up(template))
    assert 5 <= len(said.subject) <= 90
    assert "\n" not in said.subject
    assert not RAW_ID.search(said.subject), "an identifier tells its reader nothing"
    assert 15 <= len(said.preview) <= letters.LONGEST_PREVIEW + 2
    assert not said.preview.startswith("Hello")
    for part in (said.subject, said.preview, said.text, said.html):
        assert "None" not in part
        assert "{" not in re.sub(r"<style>.*?</style>", "", part, flags=re.DOTALL)
    assert said.text.startswith("Hello ")
    assert "\n\n\n" not in said.text


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_mail_can_be_read_by_everybody(template: str) -> None:
    said = letters.render(template, "en", previews.made_up(template))
    page = Reading(said.html)
    assert page.language == "en"
    assert page.headings == [said.subject]
    assert page.pictures == 0, "a picture would need words for who does not see it"
    for link, words in page.links.items():
        assert words.strip(), "a link without words"
        assert not words.strip().startswith("http"), "a link is called by what it leads to"
        assert link.startswith(settings().public_url)
        assert leads_somewhere(link), link
    in_text = {each.rstrip(".,)") for each in re.findall(r"http\S+", said.text)}
    assert in_text <= page.links.keys(), "every link of the text is one in the HTML"


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_can_be_left_says_so_and_what_always_goes_does_not(template: str) -> None:
    kind = telling.KINDS.get(template)
    said = letters.render(template, "en", previews.made_up(template))
    leaves = kind is not None and not kind.transactional
    assert ("/unsubscribe/" in said.text) is leaves
    assert ("/unsubscribe/" in said.html) is leaves


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_missing_fact_is_an_error_never_a_hole_in_the_mail(template: str) -> None:
    facts = previews.made_up(template)
    del facts["name"]
    with pytest.raises(UndefinedError):
        letters.render(template, "en", facts)


def test_there_is_a_template_for_all_facts_and_facts_for_all_templates() -> None:
    assert letters.names() == FACTS.keys()
    assert telling.KINDS.keys() <= FACTS.keys(), "a kind of news has a mail of its name"


@pytest.mark.parametrize(
    ("locale", "looked_for"),
    [
        ("en", ["en/x.txt", "x.txt"]),
        ("de-AT", ["de-AT/x.txt", "de/x.txt", "x.txt"]),
        ("zh_Hant_TW", ["zh-Hant-TW/x.txt", "zh-Hant/x.txt", "zh/x.txt", "x.txt"]),
        ("../../etc", ["x.txt"]),
        ("", ["x.txt"]),
    ],
)
def test_a_template_in_the_readers_language_comes_first(locale: str, looked_for: list[str]) -> None:
    assert letters.in_languages(locale, "x.txt") == looked_for


def test_without_a_template_in_their_language_they_read_english_and_it_says_so(
    database: str,
) -> None:
    reader = a_user("Elif Er", locale="tr")
    letter = mail.compose({"template": "address_check", "user_id": reader.id})
    assert letter.language == "en"
    assert '<html lang="en">' in letter.html


def _shown(paragraphs: list[str]) -> list[letters.Block]:
    return letters.blocks(paragraphs, home="https://s.example/", main="https://s.example/a")


def test_a_paragraph_that_ends_in_our_own_link_is_a_button_or_a_link() -> None:
    assert _shown(["See it: https://s.example/a", "Or go there: https://s.example/b"]) == [
        letters.Block("button", "See it", "https://s.example/a"),
        letters.Block("link", "Or go there", "https://s.example/b"),
    ]


def test_what_people_wrote_themselves_never_becomes_a_link() -> None:
    [block] = _shown(["Look here: https://evil.example/a"])
    assert (block.kind, block.link) == ("text", "")


def test_lines_with_a_dash_are_a_list_whose_links_have_words() -> None:
    [block] = _shown(["- One\n- Two https://s.example/two"])
    assert block.items == (letters.Item("One"), letters.Item("Two", "https://s.example/two"))


def test_a_preview_brings_the_first_line_of_the_list_that_it_announces(database: str) -> None:
    facts: dict[str, Any] = previews.made_up("session_ahead")
    said = letters.render("session_ahead", "en", facts)
    assert said.preview.endswith(f": {facts['when']}")


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        ("ord_1", "an order"),
        ("ref_1", "a refund"),
        ("xyz_1", "something in the studio"),
        ("mails", "mails"),
        ("host:77", "the worker host:77"),
    ],
)
def test_what_cannot_be_found_any_more_is_called_by_its_kind(
    database: str, thing: str, words: str
) -> None:
    letter = _alert(an_admin(), thing)
    assert letter.subject == f"Please look: {words}"


def test_an_alert_names_its_thing_by_the_people_and_brings_the_id_in_its_text(
    database: str,
) -> None:
    nora = a_user("Nora Novak")
    order = an_order(nora, an_offer(a_mentor()))
    payment = a_payment(order)
    refund = a_refund(payment, order, RefundReason.BY_REQUEST, RefundStatus.FAILED)
    for thing, words in (
        (order.public_id, "Nora Novak's order"),
        (payment.public_id, "a payment of €120.00"),
        (refund.public_id, "Nora Novak's refund of €120.00"),
    ):
        letter = _alert(an_admin(f"Ada {thing[:3]}"), thing)
        assert letter.subject == f"Please look: {words}"
        assert thing in letter.text


def _alert(admin: User, thing: str) -> Any:
    data = {"template": "admin_alert", "alert": "sold_out", "thing": thing, "user_id": admin.id}
    return mail.compose(data)


def test_every_kind_of_thing_has_a_name() -> None:
    assert all(words for words in naming.KINDS.values())
