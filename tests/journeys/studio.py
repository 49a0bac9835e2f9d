"""A studio with people and orders in every state that a page shows."""

from __future__ import annotations

from dataclasses import dataclass

from services import checkout, operators
from tests.journeys.world import Account, Seller, World


@dataclass(frozen=True)
class Studio:
    """People and orders, so that no page is empty. `esra` is admin, mentor and mentee."""

    esra: Seller
    newcomer: Account
    new_mentor: Seller
    full: Seller
    on_sale: Seller
    paid: str
    open: str
    canceled: str

    def address(self, route: str) -> str:
        """An address of the page with this route."""
        samples = {
            "/404": "/no/such/page",
            "/mentors/[slug]": f"/mentors/{self.on_sale.slug}",
            "/checkout/[offer]": f"/checkout/{self.on_sale.offer}",
            "/checkout/return/[order]": f"/checkout/return/{self.paid}",
            "/admin/mentors/[slug]": f"/admin/mentors/{self.on_sale.slug}",
            "/reset/new": "/reset/new?token=not-a-real-one",
            "/verify": "/verify?token=not-a-real-one",
        }
        return samples.get(route, route)


def furnished(world: World) -> Studio:
    """A studio with something on every page. Inside `world`."""
    esra = world.mentor("Esra Ebel")
    operators.create_admin(email=esra.account.email, name=esra.name, password=esra.account.password)
    full = world.mentor("Fritz Fuhr", seats=1)
    world.bought(world.mentee("Mia Maler"), full)
    world.bought(world.mentee("Ben Bauer"), esra)
    actor = world.actor(esra.account)
    held = checkout.start(actor=actor, offer=world.mentor("Greta Gorn").offer).order
    left = checkout.start(actor=actor, offer=world.mentor("Hanna Holm").offer).order
    checkout.give_back(actor=actor, order=left)
    return Studio(
        esra=esra,
        newcomer=world.mentee("Nina Neu"),
        new_mentor=world.mentor("Nele Nagel"),
        full=full,
        on_sale=world.mentor("Otto Oster"),
        paid=world.bought(esra.account, world.mentor("Paula Pape")),
        open=held,
        canceled=left,
    )
