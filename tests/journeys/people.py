"""What people do with the product, as they would tell it: each method is one thing that a person
does or sees, and waits until the page has answered."""

from __future__ import annotations

import re
import time
from typing import Self
from urllib.parse import parse_qs, quote, urlsplit

from playwright.sync_api import APIResponse, Locator, Page, expect

from services import signin
from services.config import settings
from state import cookies
from tests.journeys.world import SHOWN_PRICE, Account, Seller

CARD = "4242 4242 4242 4242"
DECLINED = "4000 0000 0000 0002"
ASKS_THE_BANK = "4000 0025 0000 3155"
MAIL_SECONDS = 30
PAYMENT_PAGE = re.compile(r"/sandbox/stripe/pay/(cs_\w+)")
RETURN_PAGE = re.compile(r"/checkout/return/(ord_\w+)")


class Person:
    """Somebody at a browser of their own."""

    def __init__(self, page: Page, account: Account) -> None:
        self.page = page
        self.account = account

    def in_another_tab(self) -> Person:
        """A second tab of the same browser."""
        return Person(self.page.context.new_page(), self.account)

    # Looking

    def open(self, path: str) -> Self:
        """Type an address."""
        self.page.goto(path)
        return self

    def reads(self, heading: str) -> Self:
        """The page has this heading."""
        expect(self.page.get_by_role("heading", name=heading).first).to_be_visible()
        return self

    def is_told(self, words: str) -> Self:
        """The page says this somewhere."""
        expect(self.page.get_by_text(words).first).to_be_visible()
        return self

    def is_not_told(self, words: str) -> Self:
        """The page, as it is now, says this nowhere."""
        expect(self.page.get_by_text(words)).to_have_count(0)
        return self

    def row(self, text: str) -> Locator:
        """The row of the page's table with this text."""
        return self.page.get_by_role("row").filter(has_text=text)

    # Moving

    def follows(self, link: str) -> Self:
        """Click the first link with these words."""
        self.page.get_by_role("link", name=link, exact=True).first.click()
        return self

    def saves(self, link: Locator) -> APIResponse:
        """Click a link to a file; what it holds. The page stays as it is."""
        with self.page.context.expect_page():
            link.click()
        answer = self.page.request.get(str(link.get_attribute("href")))
        assert answer.status == 200, answer.text()
        return answer

    def presses(self, button: str) -> Self:
        """Click the first button with these words."""
        self.page.get_by_role("button", name=button, exact=True).first.click()
        return self

    def fills(self, label: str, text: str) -> Self:
        """Type into the field with this label."""
        self.page.get_by_label(label, exact=True).fill(text)
        return self

    def searches(self, label: str, text: str) -> Self:
        """Search a list for words; the address then has them."""
        box = self.page.get_by_role("searchbox", name=label)
        # What was searched for before may still stand there; it goes when the list comes, and takes
        # along what is typed until then.
        asked = parse_qs(urlsplit(self.page.url).query).get("q", [""])
        expect(box).to_have_value(asked[0])
        box.fill(text)
        self.page.get_by_role("button", name="Search", exact=True).click()
        expect(self.page).to_have_url(re.compile(r"[?&]q="))
        return self

    def looks_up(self, label: str, text: str) -> Self:
        """Search a table for what is there once; others who share the studio are out of sight."""
        self.searches(label, text)
        expect(self.page.locator("main tbody tr")).to_have_count(1)
        return self

    def is_at(self, path: str) -> Self:
        """The address is this one, whatever is asked of it."""
        expect(self.page).to_have_url(re.compile(rf"^[^/]+//[^/]+{re.escape(path)}([?#].*)?$"))
        return self

    # Accounts

    def signs_up(self) -> Self:
        """Fill the form; the answer says to look into the mail."""
        self.open("/sign-up").reads("Sign up").arrives_as_visitor()
        self.fills("Your name", self.account.name)
        self.fills("E-mail", self.account.email)
        self.fills("Password", self.account.password)
        self.page.get_by_role("checkbox", name="I agree to the terms").check()
        return self.presses("Create my account").is_told("open the link that we mailed")

    def arrives_as_visitor(self) -> Self:
        """The page lives, and knows nobody."""
        link = self.page.get_by_role("navigation", name="Main").get_by_role("link", name="Sign in")
        expect(link).to_be_visible()
        return self

    def confirms_address(self) -> Self:
        """Open the link in the mail, and press its button."""
        self.opens_mail("Confirm your e-mail address").follows_link_in_mail("/verify?token=")
        return self.presses("Confirm my address").is_told("Your address is confirmed.")

    def opens_mail(self, subject: str) -> Self:
        """Look into the mailbox until the mail is there, and open it."""
        until = time.monotonic() + MAIL_SECONDS
        mail = self.page.get_by_role("link", name=subject).first
        while True:
            self.open(f"/sandbox/mail?to={quote(self.account.email)}").reads("Mailbox")
            if mail.count():
                mail.click()
                return self.reads(subject)
            assert time.monotonic() < until, f"no mail to {self.account.email}: {subject}"

    def follows_link_in_mail(self, part: str) -> Self:
        """Click the link in the text of the mail."""
        self.page.locator(f".text a[href*='{part}']").click()
        return self

    def signs_in(self, *, password: str = "", then: str = "") -> Self:
        """Fill the form of the sign-in page, which is open; `then` is the page one lands on."""
        self.reads("Sign in").arrives_as_visitor()
        self.fills("E-mail", self.account.email)
        self.fills("Password", password or self.account.password)
        self.page.get_by_role("main").get_by_role("button", name="Sign in").click()
        return self.is_at(then) if then else self

    def is_signed_in(self) -> Self:
        """Sign in without the form, for journeys about something else."""
        secret = signin.sign_in(
            email=self.account.email,
            password=self.account.password,
            user_agent=self.page.evaluate("navigator.userAgent"),
            address=self.account.email,  # everybody comes from somewhere else
        )
        self.page.context.add_cookies(
            [{"name": cookies.session_name(), "value": secret, "url": settings().public_url}]
        )
        return self

    # Buying

    def finds(self, seller: Seller) -> Self:
        """Search the catalogue for the mentor and open the page."""
        self.open("/mentors").reads("Mentors")
        self.searches("Search mentors", seller.name)
        # Its answer is there: a click into the list before it would be lost.
        with_seat = self.page.get_by_role("link", name="Has a seat")
        expect(with_seat).to_have_attribute("href", re.compile("q="))
        self.card(seller).click()
        return self.is_at(f"/mentors/{seller.slug}").reads(seller.name)

    def card(self, seller: Seller) -> Locator:
        """The mentor's card in the catalogue."""
        return self.page.get_by_role("main").get_by_role("link").filter(has_text=seller.name)

    def opens_checkout(self, seller: Seller) -> Self:
        """Go straight to the checkout of the mentor's pack."""
        return self.open(f"/checkout/{seller.offer}").reads("Checkout")

    def goes_to_pay(self) -> str:
        """Press Pay at checkout; the id of the payment page at Stripe."""
        self.presses(f"Pay {SHOWN_PRICE} with Stripe")
        return self.is_at_stripe()

    def is_at_stripe(self) -> str:
        """The browser shows Stripe's page; its id."""
        expect(self.page).to_have_url(PAYMENT_PAGE)
        found = PAYMENT_PAGE.search(self.page.url)
        assert found
        return found[1]

    def pays(self, card: str = CARD, *, webhook: str = "now") -> Self:
        """Type a card's number into Stripe's page and pay."""
        self.fills("Test card number", card)
        self.page.get_by_label("The webhook").select_option(webhook)
        self.page.get_by_role("button", name=re.compile("^Pay ")).click()
        return self

    def leaves_stripe(self) -> Self:
        """Go back from Stripe's page without paying."""
        self.page.get_by_role("link", name=re.compile("^Back to ")).click()
        return self

    def is_back(self) -> str:
        """The browser is on the page one comes back to; the order's public id."""
        expect(self.page).to_have_url(RETURN_PAGE)
        found = RETURN_PAGE.search(self.page.url)
        assert found
        return found[1]

    def buys(self, seller: Seller) -> str:
        """The whole way from the checkout to the pack; the order's public id."""
        self.opens_checkout(seller).goes_to_pay()
        order = self.pays().is_back()
        self.reads(f"Paid. Your seat with {seller.name} is yours.")
        return order
