"""Made-up facts for every template, for previews and for the test that reads them all.

`COMMON` holds what means the same in most of them; a template whose fact of a name means something
else has its own. A value that begins with `/` is an address of ours.
"""

from __future__ import annotations

from typing import Any, Final

from services.config import PAYMENT_NAMES

_PROVIDER: Final = next(iter(PAYMENT_NAMES.values()))
_UNTIL: Final = "16 April 2027 at 12:00 (Europe/Berlin)"
_WHEN: Final = "Thursday 4 March 2027, 14:00 to 15:00 (Europe/Berlin)"

COMMON: Final[dict[str, Any]] = {
    "name": "Nora Novak",
    "link": "/dashboard",
    "title": "Four sessions",
    "mentor": "Mina Meyer",
    "mentee": "Nora Novak",
    "other": "Mina Meyer",
    "buyer": "Nora Novak",
    "amount": "€60.00",
    "price": "€120.00",
    "total": "€120.00",
    "label": "2027-0042",
    "order": "ord_ExampleExampleExample1",
    "sessions": 2,
    "left": 2,
    "booked": 1,
    "until": _UNTIL,
    "ended": False,
    "when": _WHEN,
    "times": [_WHEN, "Thursday 11 March 2027, 14:00 to 15:00 (Europe/Berlin)"],
    "proposed": "Friday 5 March 2027, 16:00 to 17:00 (Europe/Berlin)",
    "before": "3 March 2027 at 14:00 (Europe/Berlin)",
    "day": "Thursday 4 March",
    "hour": "14:00",
    "hours": 24,
    "limit": 24,
    "join_minutes": 15,
    "change_until": "3 March 2027 at 14:00 (Europe/Berlin)",
    "decide_by": "7 March 2027 at 15:00 (Europe/Berlin)",
    "object_until": "11 March 2027 at 15:00 (Europe/Berlin)",
    "by": "Mina Meyer",
    "who": "Mina Meyer",
    "proposer": "",
    "withdrawn": False,
    "late": False,
    "goals": "I want to speak freely in front of people.",
    "outcome": "completed",
    "objected": False,
    "upheld": True,
    "answer": "We asked both of you.",
    "reason": "I am ill",
    "note": "As we agreed on the phone.",
    "provider": _PROVIDER,
    "teaches": False,
    "rests": False,
    "noted": True,
    "oneself": False,
    "corrected": False,
    "by_bank": False,
    "paid_twice": False,
    "no_place": False,
    "from_sign_up": False,
    "ready": True,
    "start": "/onboarding",
    "steps": ["Say who you are and what you want to reach", "Confirm your time zone"],
    "decline": "/dashboard",
}
OWN: Final[dict[str, dict[str, Any]]] = {
    "admin_alert": {
        "name": "Ada Admin",
        "what": "A refund did not go through; the buyer has to be paid another way",
        "named": "Nora Novak's refund of €60.00",
        "thing": "ref_ExampleExampleExample1",
        "link": "/admin/refunds",
    },
    "calendar_broken": {
        "account": "mina@example.com",
        "since": "3 March 2027 at 14:00 (Europe/Berlin)",
        "reason": "you have taken back what you had allowed",
        "mentors": True,
        "link": "/settings/calendar",
    },
    "calendar_question": {
        "time": "4 March 2027 at 14:00 (Europe/Berlin)",
        "moved_to": "4 March 2027 at 16:00 (Europe/Berlin)",
        "resized": False,
        "session": "/sessions/ses_ExampleExampleExample1",
        "link": "/settings/calendar",
    },
    "calendar_unread": {
        "calendar": "Family",
        "since": "3 March 2027 at 14:00 (Europe/Berlin)",
        "reason": "it does not exist any more",
        "link": "/settings/calendar",
    },
    "daily_report": {
        "name": "Ada Admin",
        "day": "2027-03-04",
        "lines": [
            {
                "what": f"A payment of €120.00 at {_PROVIDER} fits no order",
                "link": "/admin/unmatched",
            }
        ],
        "link": "/admin/reconciliation",
    },
    "verify": {"link": "/verify?token=example"},
    "reset": {"link": "/reset/new?token=example"},
    "address_check": {"link": "/settings"},
    **{
        f"recording_{name}": {"number": 1, "link": "/recordings/rec_ExampleExampleExample1", **more}
        for name, more in {
            "ready": {"minutes": 58},
            "failed": {"trouble": "The recorder lost the session before anything was kept."},
            "expiring": {},
            "extended": {"reason": "You asked us to keep it until your exam."},
            "held": {"reason": "A question about this session is open.", "wished": False},
            "released": {"going": False},
            "purged": {"because": "retention", "reason": ""},
        }.items()
    },
    "session_proposal_answered": {"proposer": "you"},
    "testimonial_declined": {"reason": "Please leave the phone number out."},
    "account_suspended": {"link": "/terms"},
    # Whether the reader is the mentor.
    **{
        name: {"mentor": False}
        for name in (
            "session_ahead",
            "session_booked",
            "session_canceled",
            "session_objection_settled",
            "session_outcome",
            "session_unresolved",
        )
    },
}


def of(template: str) -> dict[str, Any]:
    """The made-up facts of a template."""
    return COMMON | OWN.get(template, {})
