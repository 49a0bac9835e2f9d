"""The page of one order: the same few queries however much happened, and words for every state."""

from __future__ import annotations

from services import refunds
from services.models import RefundScope
from services.refunds import RefundFace
from state import refund_faces
from state.order import read_page
from tests.services.refunding import Sale, a_sale, euros
from tests.services.rows import counted_reading
from tests.support.studio import Studio


def queries(sale: Sale) -> int:
    """How many queries the order's page and the queue need now."""
    with counted_reading() as (session, statements):
        read_page(session, actor=sale.admin, order=sale.order)
        refunds.list_queue(session, actor=sale.admin)
        return len(statements)


def test_the_page_and_the_queue_need_the_same_queries_however_much_there_is(
    studio: Studio,
) -> None:
    sale = a_sale(studio, count=20)

    def one_more() -> None:
        refunds.start(
            actor=sale.admin,
            order=sale.order,
            scope=RefundScope.OTHER,
            amount=euros(100),
            note="The room was cold.",
        )
        studio.send()

    one_more()
    sale.ask()
    refunds.decide(actor=sale.admin, refund=sale.refund().public_id, approve=False, note="Not now.")
    few = queries(sale)
    for _ in range(5):
        one_more()
    assert queries(sale) == few
    assert few < 30


def test_every_state_of_a_refund_has_its_words() -> None:
    assert set(refund_faces.STATUS) == set(RefundFace)
    assert {tone for _, tone in refund_faces.STATUS.values()} <= {"good", "warning", "bad", "quiet"}


def test_a_buyer_reads_what_the_studio_wrote_and_not_what_they_wrote_themselves(
    studio: Studio,
) -> None:
    sale = a_sale(studio)
    refund = sale.ask("I am moving away.")
    [line] = [refund_faces.refund_line(one, "UTC") for one in sale.views()]
    assert (line.amount, line.what, line.said) == ("€120.00", "4 unused sessions", "")
    assert line.withdrawable
    refunds.decide(actor=sale.admin, refund=refund, approve=False, note="Two weeks are over.")
    [line] = [refund_faces.refund_line(one, "UTC") for one in sale.views()]
    assert (line.status, line.said, line.withdrawable) == ("declined", "Two weeks are over.", False)
