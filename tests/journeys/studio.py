"""A studio with people and orders in every state that a page shows."""

from __future__ import annotations

from dataclasses import dataclass

from services import checkout, db, operators, waitlist
from tests.journeys import machinery
from tests.journeys.appointments import Appointments, made, recorded
from tests.journeys.world import Account, Seller, World
from tests.support import mail_scenes
from tests.support.films import Films


@dataclass(frozen=True)
class Studio:
    """People, orders and sessions, so that no page is empty. `esra` is admin, mentor and mentee;
    `own_mentor` is the slug of the one she has a pack with."""

    esra: Seller
    newcomer: Account
    new_mentor: Seller
    full: Seller
    on_sale: Seller
    paid: str
    open: str
    canceled: str
    own_mentor: str
    met: Appointments
    films: Films
    jobs: dict[str, str]

    def address(self, route: str) -> str:
        """An address of the page with this route."""
        samples = {
            "/404": "/no/such/page",
            "/mentors/[slug]": f"/mentors/{self.on_sale.slug}",
            "/checkout/[offer]": f"/checkout/{self.on_sale.offer}",
            "/checkout/return/[order]": f"/checkout/return/{self.paid}",
            "/orders/[order]": f"/orders/{self.paid}",
            "/admin/orders/[order]": f"/admin/orders/{self.paid}",
            "/admin/waitlists/[slug]": f"/admin/waitlists/{self.full.slug}",
            "/admin/mentors/[slug]": f"/admin/mentors/{self.on_sale.slug}",
            "/reset/new": "/reset/new?token=not-a-real-one",
            "/verify": "/verify?token=not-a-real-one",
            "/book/[mentor]": f"/book/{self.own_mentor}",
            "/sessions/[session]": f"/sessions/{self.met.booked}",
            "/sessions/[session]/move": f"/sessions/{self.met.booked}/move?sequence=0",
            "/sessions/[session]/room": f"/sessions/{self.met.booked}/room",
            "/mentor/mentees/[mentee]": f"/mentor/mentees/{self.met.mentee}",
            "/recordings/[recording]": f"/recordings/{self.films.ready}",
            "/admin/recordings/[recording]": f"/admin/recordings/{self.films.parts}",
            "/testimonial/[pack]": f"/testimonial/{self.met.pack}",
            "/admin/mentors/[slug]/availability": f"/admin/mentors/{self.own_mentor}/availability",
        }
        return (samples | self.jobs | mail_scenes.addresses()).get(route, route)


def furnished(world: World) -> Studio:
    """A studio with something on every page. Inside `world`."""
    esra = world.mentor("Esra Ebel")
    operators.create_admin(email=esra.account.email, name=esra.name, password=esra.account.password)
    full = world.mentor("Fritz Fuhr", seats=1)
    world.bought(world.mentee("Mia Maler"), full)
    ben, paula = world.mentee("Ben Bauer"), world.mentor("Paula Pape")
    world.bought(ben, esra)
    actor = world.actor(esra.account)
    held = checkout.start(actor=actor, offer=world.mentor("Greta Gorn").offer).order
    left = checkout.start(actor=actor, offer=world.mentor("Hanna Holm").offer).order
    checkout.give_back(actor=actor, order=left)
    with db.transaction() as session:
        waitlist.join(session, actor=world.actor(ben), mentor=full.slug)
    paid = world.bought(esra.account, paula)
    met = made(world, esra, paula, ben)
    return Studio(
        esra=esra,
        newcomer=world.mentee("Nina Neu"),
        new_mentor=world.mentor("Nele Nagel"),
        full=full,
        on_sale=world.mentor("Otto Oster"),
        paid=paid,
        open=held,
        canceled=left,
        own_mentor=paula.slug,
        met=met,
        films=recorded(met),
        jobs=machinery.addresses(),
    )
