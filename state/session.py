"""One session: the same page for its mentee, its mentor and for admins.

What may be done is decided by the services, each time anew. The page only shows what they would
allow now, and says it again while it stays open.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import Any

import reflex as rx

from services import booking, clock, sessions, topics
from services.audit import Actor
from services.errors import Conflict, InvalidInput
from services.models import SessionStatus
from services.sessions import SessionView
from state import live
from state.base import AppState, read, run
from state.guard import requires
from state.phase import Loads, loading
from state.session_faces import (
    Choice,
    Head,
    HistoryFace,
    NoteFace,
    ObjectionFace,
    Outcome,
    ProposalFace,
    choices,
    head,
    history_face,
    objection_face,
    outcome,
    proposal_face,
)
from state.session_times import Rights, Times, rights, times
from state.shown import moment

TICK_MS = 20_000
Steps = AsyncGenerator[None, None]


def audience(actor: Actor, session: str) -> live.Audience[SessionView]:
    """The tabs in which one person looks at one session."""
    own = {topics.mentee(actor.user_id)} if actor.user_id else set[str]()
    if actor.mentor_id:
        own.add(topics.mentor_sessions(actor.mentor_id))
    if actor.is_admin:
        own.add(topics.SESSIONS)
    seen = partial(sessions.get_session, actor=actor, session=session)
    return live.Audience(("session", session, actor), frozenset(own), seen)


class SessionState(Loads, AppState):
    """One session as stored. What is being typed stays in the browser until it is saved."""

    side: str = ""
    head: Head = Head()
    times: Times = Times()
    rights: Rights = Rights()
    outcome: Outcome = Outcome()
    choices: list[Choice] = []
    proposal: ProposalFace = ProposalFace()
    objection: ObjectionFace = ObjectionFace()
    goals: str = ""
    shared_note: str = ""
    private_note: str = ""
    others_notes: list[NoteFace] = []
    history: list[HistoryFace] = []

    asking: str = ""
    busy: str = ""
    saved: str = ""
    wrong: str = ""
    wrong_text: str = ""
    leave_to: str = ""
    _seen: SessionView | None = None

    @rx.event
    @requires("user")
    async def load(self) -> AsyncGenerator[None, None]:
        """Open the session that the address names."""
        session = self._named()
        self.busy = self.leave_to = ""
        if self._seen is None or self._seen.row.public_id != session:
            self.asking = self.saved = ""
            self._right()
            self.phase = "loading"
            yield
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor(), session)))

    @rx.event
    @requires("user")
    async def refresh(self) -> None:
        """Show what changed; what is being typed stays."""
        await live.follow(self, self._open, self._show, loading(self))

    @rx.event
    @requires("user")
    async def tick(self) -> None:
        """Time has passed: say anew how long it still is, and what one may do now."""
        if self._seen is not None:
            self._show_time(self._seen)

    async def _open(self) -> None:
        with loading(self):
            self._show(await live.watch(self, audience(await self._actor(), self._named())))

    def _show(self, view: SessionView) -> None:
        zone = self.time_zone
        self._seen, self.side = view, view.side.value
        self.head = head(view)
        self.outcome, self.choices = outcome(view, zone), choices(view)
        self.proposal = proposal_face(view, view.proposal, zone)
        self.objection = objection_face(view, view.objection)
        self.goals = view.goals
        own = {note.shared: note.body for note in view.notes if note.mine}
        self.shared_note, self.private_note = own.get(True, ""), own.get(False, "")
        self.others_notes = [
            NoteFace(note.author_name, note.body, moment(note.updated_at, zone))
            for note in view.notes
            if note.shared and not note.mine and note.body
        ]
        self.history = [history_face(line, zone) for line in view.history]
        self._show_time(view)

    def _show_time(self, view: SessionView) -> None:
        now = clock.utc_now()
        self.times = times(view, self.time_zone, now)
        self.rights = rights(view, self.time_zone, now, is_admin=self.is_admin)

    def _right(self) -> None:
        self.wrong = self.wrong_text = ""

    async def _change(self, what: str, told: str, work: Callable[..., Any], **asked: Any) -> Steps:
        """Do one thing to the session, and show what has become of it. After a refusal everything
        typed stays as it is; what refused it may be that the session has changed, so it is read."""
        self.busy, self.saved = what, ""
        self._right()
        yield
        try:
            await run(work, actor=await self._actor(), **asked)
        except InvalidInput as error:
            self.wrong, self.wrong_text = what, error.message
            return
        except Conflict:
            await self._read_again()
            raise
        finally:
            self.busy = ""
        self.asking = ""
        await self._read_again()
        if what in {"goals", "shared", "private"}:
            self.saved = what
        else:
            self._tell(told, "good")

    async def _read_again(self) -> None:
        with loading(self):
            actor = await self._actor()
            self._show(await read(sessions.get_session, actor=actor, session=self._named()))

    def _as_shown(self) -> dict[str, Any]:
        """The session, and which of its versions the person has seen."""
        sequence = self._seen.row.sequence if self._seen else -1
        return {"session": self._named(), "sequence": sequence}

    @rx.event
    @requires("user")
    async def ask(self, what: str) -> None:
        """Open one of the questions of the page; an empty one closes it."""
        self.asking = what[:20]
        self._right()

    @rx.event
    @requires("user")
    async def join(self) -> Steps:
        """Say that one is there, and go to the meeting."""
        self.busy, self.leave_to = "join", ""
        yield
        try:
            link = await run(sessions.join, actor=await self._actor(), session=self._named())
        finally:
            self.busy = ""
        if link:
            self.leave_to = link
        else:
            self._tell("It is noted that you came. There is no meeting link yet.", "good")
        await self._read_again()

    @rx.event
    @requires("user")
    async def cancel(self, form: dict[str, Any]) -> Steps:
        """Cancel the session. `late` says that the page had told that it counts as used."""
        asked = self._as_shown() | {"reason": _text(form, "reason", 400)}
        late = form.get("late") == "yes"
        told = "Canceled. The session is used." if late else "Canceled."
        async for step in self._change("cancel", told, booking.cancel, late_ok=late, **asked):
            yield step

    @rx.event
    @requires("user")
    async def answer(self, accept: bool) -> Steps:
        """Take the proposed time, or keep the old one."""
        told = "The session is moved." if accept else "Declined. The session stays where it is."
        async for step in self._change(
            "answer", told, booking.answer, proposal=self.proposal.public_id, accept=bool(accept)
        ):
            yield step

    @rx.event
    @requires("user")
    async def withdraw(self) -> Steps:
        """Take one's own proposal back."""
        told = "Your proposal is taken back."
        async for step in self._change(
            "answer", told, booking.withdraw, proposal=self.proposal.public_id
        ):
            yield step

    @rx.event
    @requires("user")
    async def save_goals(self, form: dict[str, Any]) -> Steps:
        """What the mentee wants to get out of it."""
        asked = {"session": self._named(), "text": _text(form, "goals", 4_000)}
        async for step in self._change("goals", "", sessions.set_goals, **asked):
            yield step

    @rx.event
    @requires("user")
    async def save_shared(self, form: dict[str, Any]) -> Steps:
        """One's notes for both."""
        async for step in self._save_note("shared", form):
            yield step

    @rx.event
    @requires("user")
    async def save_private(self, form: dict[str, Any]) -> Steps:
        """One's notes for oneself."""
        async for step in self._save_note("private", form):
            yield step

    async def _save_note(self, kind: str, form: dict[str, Any]) -> Steps:
        asked = {"session": self._named(), "shared": kind == "shared"}
        body = _text(form, f"{kind}_note", 10_000)
        async for step in self._change(kind, "", sessions.save_note, body=body, **asked):
            yield step

    @rx.event
    @requires("user")
    async def decide(self, form: dict[str, Any]) -> Steps:
        """Say what happened; an admin may also say it anew."""
        asked = {"session": self._named(), "note": _text(form, "note", 400)}
        try:
            said = SessionStatus(str(form.get("outcome", "")))
        except ValueError:
            self.wrong, self.wrong_text = "decide", "Choose what happened."
            return
        told = "Saved: everybody concerned is told."
        async for step in self._change("decide", told, sessions.decide, outcome=said, **asked):
            yield step

    @rx.event
    @requires("user")
    async def object_to(self, form: dict[str, Any]) -> Steps:
        """Say that the outcome is wrong."""
        asked = {"session": self._named(), "text": _text(form, "objection", 2_000)}
        told = "Your objection is sent. The studio answers you."
        async for step in self._change("object", told, sessions.object_to, **asked):
            yield step

    @rx.event
    @requires("user")
    async def withdraw_objection(self) -> Steps:
        """Take one's objection back."""
        objection, told = self.objection.public_id, "Your objection is taken back."
        async for step in self._change(
            "object", told, sessions.withdraw_objection, objection=objection
        ):
            yield step

    @rx.event
    @requires("admin")
    async def settle(self, form: dict[str, Any]) -> Steps:
        """Answer the objection."""
        asked = {
            "objection": self.objection.public_id,
            "uphold": form.get("uphold") == "yes",
            "answer": _text(form, "answer", 400),
        }
        if form.get("uphold") not in {"yes", "no"}:
            self.wrong, self.wrong_text = "settle", "Choose whether the objection is right."
            return
        told = "Answered: the mentee and the mentor are told."
        async for step in self._change("settle", told, sessions.settle_objection, **asked):
            yield step


def _text(form: dict[str, Any], name: str, most: int) -> str:
    """What was typed, cut a little beyond what the service takes, so that it can say so."""
    return str(form.get(name, ""))[:most]
