"""One recording: the same page for its mentee, its mentor and for admins."""

from __future__ import annotations

import reflex as rx

from pages.components.badges import toned
from pages.components.boxes import row, section, side, stack
from pages.components.buttons import button, link_button
from pages.components.cards import card, fact, fact_list
from pages.components.checklists import progress
from pages.components.films import access_list, films, standing_words
from pages.components.forms import field, form
from pages.components.kinds import NOTHING
from pages.components.links import text_link
from pages.components.lists import mark, question
from pages.components.moments import moment
from pages.components.notices import notice
from pages.components.people import person_line
from pages.components.phases import empty, has, loaded
from pages.components.recordings import answers
from pages.components.sessions import meeting_columns
from pages.components.text import muted, strong, text
from pages.layout import Page, signed_in
from state.recording import RecordingState as State
from state.recording_faces import PATH

ROUTE = f"{PATH}/[recording]"


def recording() -> rx.Component:
    """Watch it, keep it, and know until when it is kept and who has watched it."""
    ready = State.phase == "ready"
    return signed_in(
        rx.cond(ready, State.head.title, "Recording"),
        rx.cond(
            State.phase == "missing",
            empty(
                "There is no such recording, or it is not yours.",
                "Perhaps you are signed in as somebody else.",
                action=link_button("Your recordings", PATH, kind="secondary"),
            ),
            loaded(State.phase, _content(), failure=State.failure, again=State.load, shape="page"),
        ),
        area=rx.Var.create(State.side),
        active={"mentee": PATH, "mentor": f"/mentor{PATH}", "admin": f"/admin{PATH}"},
        state=rx.cond(
            ready,
            row(
                rx.cond(State.standing.held, toned("held", "warning"), NOTHING),
                toned(State.head.status, State.head.tone),
            ),
            NOTHING,
        ),
    )


def _content() -> rx.Component:
    return meeting_columns(_now(), side(_about(), _consents()), _accesses())


def _now() -> rx.Component:
    """What can be watched, or what stands in its place."""
    return stack(
        rx.match(
            State.standing.kind,
            ("ready", _films()),
            ("coming", _coming()),
            ("failed", standing_words("bad")),
            ("gone", _certificate()),
            ("going", standing_words("warning")),
            standing_words("info"),
        ),
        rx.cond(State.standing.held, _hold(), NOTHING),
    )


def _coming() -> rx.Component:
    shown = State.standing
    far = rx.cond(
        shown.progress != "",
        progress(shown.percent, 100, shown.progress),
        muted("Its files are being collected."),
    )
    return card(stack(strong(shown.title), far, muted(shown.words)), label="Being saved")


def _hold() -> rx.Component:
    shown = State.standing
    return notice(
        rx.el.p(strong("The studio holds this recording"), ", since ", moment(shown.held_since)),
        rx.cond(shown.hold != "", text(shown.hold), NOTHING),
        muted("While the hold lasts it is not deleted, whatever its time or your consent."),
        tone="warning",
    )


def _films() -> rx.Component:
    admin = State.side == "admin"
    return rx.cond(admin & ~State.opened, _why(), films())


def _why() -> rx.Component:
    """An admin says why they look at what is other people's."""
    return card(
        form(
            field(
                "reason",
                "Why do you look at it?",
                help="It is written down with your name, for the studio alone. The two people see "
                "that the studio looked at it, and when.",
                error=State.wrong_text,
                max_length=300,
            ),
            row(button("Open the recording", submit=True)),
            on_submit=State.say_why,
            label="Why you look at it",
        )
    )


def _about() -> rx.Component:
    """Who met and when, until when it is kept."""
    head, shown = State.head, State.standing
    name = rx.cond(
        head.person_href != "", text_link(head.name, head.person_href), strong(head.name)
    )
    return card(
        person_line(head.initials, head.photo, rx.el.p(name)),
        fact_list(
            fact("Session", text_link(head.when.text, head.session_href)),
            rx.cond(head.facts != "", fact("Length", head.facts), NOTHING),
            rx.cond(shown.kept.iso != "", fact("Kept until", moment(shown.kept)), NOTHING),
        ),
        rx.cond(shown.left != "", muted(shown.left), NOTHING),
        rx.cond(
            shown.end_note != "", muted("The studio has changed its end: ", shown.end_note), NOTHING
        ),
        rx.cond(
            head.admin_href != "",
            link_button("Manage it", head.admin_href, kind="secondary"),
            NOTHING,
        ),
        label="About this recording",
    )


def _consents() -> rx.Component:
    """What both have answered, and the way to take it back."""
    ask = row(
        button("Take back my consent", on_click=State.ask("withdraw"), kind="quiet"),
    )
    return card(
        strong("Consent"),
        answers(State.consents),
        rx.cond(
            State.may_withdraw, rx.cond(State.asking == "withdraw", _withdrawing(), ask), NOTHING
        ),
        label="Consent",
    )


def _withdrawing() -> rx.Component:
    what = rx.cond(
        State.standing.held,
        "Your consent is taken back. The studio holds this recording: it is deleted, for both of "
        "you, as soon as that hold ends.",
        "Every recording of this session is deleted, for both of you, and cannot be brought back. "
        "The session itself and its notes stay.",
    )
    return question(
        what,
        button(
            "Take it back and delete",
            on_click=State.withdraw,
            kind="danger",
            busy=State.busy == "withdraw",
        ),
        button("Keep it", on_click=State.ask(""), kind="secondary"),
    )


def _accesses() -> rx.Component:
    return section(
        "Who watched it",
        rx.cond(
            has(State.accesses),
            stack(
                access_list(),
                muted(State.accesses_note),
            ),
            rx.cond(
                State.standing.kind == "gone",
                muted("Nobody ever did."),
                muted("Nobody yet. Everybody who watches or downloads it is listed here."),
            ),
        ),
    )


def _certificate() -> rx.Component:
    """The proof that it is deleted."""
    shown, proof = State.standing, State.certificate
    lines = [
        fact("Removed", proof.words),
        fact("Listed empty", moment(proof.at)),
        fact("Certificate", mark(proof.public_id)),
    ]
    return card(
        strong(shown.title),
        text(shown.words),
        rx.cond(
            proof.public_id != "",
            stack(
                text(proof.reason),
                fact_list(*lines),
                muted("After that, a listing of every place where it was showed nothing."),
            ),
            NOTHING,
        ),
        label="Deleted",
    )


PAGE = Page(route=ROUTE, title="Recording", component=recording, on_load=[State.load])
