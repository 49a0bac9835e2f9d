"""The people of the demo studio. All of them are fictional."""

from __future__ import annotations

from dataclasses import dataclass

DEMO_PASSWORD = "demo studio 2026"  # noqa: S105  # printed by `make run`, refused in production
DEMO_LOGINS = {
    "admin": "admin@example.com",
    "mentor": "mentor@example.com",
    "mentee": "mentee@example.com",
}


@dataclass(frozen=True, slots=True)
class MentorSeed:
    """A mentor; `price` in whole units of the studio's currency, `popularity` a weight."""

    email: str
    name: str
    zone: str
    headline: str
    bio: str
    skills: tuple[str, ...]
    languages: tuple[str, ...]
    capacity: int
    price: int
    popularity: int
    colours: tuple[str, str]
    full: bool = False


MENTORS = (
    MentorSeed(
        "mentor@example.com",
        "Mara Lindqvist",
        "Europe/Stockholm",
        "From good drawings to a portfolio that gets you hired",
        "I spent twelve years as a visual development artist and five as the person who reads "
        "portfolios. We look at what you have, choose the six pieces that speak for you, and "
        "make the two that are missing.\n\nExpect homework, honest paint-overs and a plan for "
        "each month.",
        ("Portfolio review", "Visual development", "Colour"),
        ("en", "sv"),
        10,
        240,
        7,
        ("#4f46e5", "#0ea5e9"),
    ),
    MentorSeed(
        "tomas.okafor@example.com",
        "Tomas Okafor",
        "Europe/London",
        "Character design with a story behind every line",
        "Shape language, expressions, turnarounds: we design one character from the first "
        "thumbnail to the sheet a modeller can work from. I draw along with you in every "
        "session.",
        ("Character design", "Anatomy", "Storytelling"),
        ("en",),
        4,
        280,
        9,
        ("#b45309", "#f59e0b"),
        full=True,
    ),
    MentorSeed(
        "yuki.brandt@example.com",
        "Yuki Brandt",
        "Asia/Tokyo",
        "Environment concepts: light, scale and mood",
        "My students work on one world for eight weeks. We build it from photo studies, simple "
        "3D and a lot of looking. Good for painters who want to work in games.",
        ("Environment art", "Lighting", "Blender"),
        ("en", "de", "ja"),
        6,
        220,
        6,
        ("#047857", "#34d399"),
    ),
    MentorSeed(
        "ines.caldeira@example.com",
        "Inês Caldeira",
        "Europe/Lisbon",
        "Illustration for books, from brief to print",
        "Picture books are made of page turns. Bring a text or find one with me; after eight "
        "sessions you have a dummy, two finished spreads and a letter to send with them.",
        ("Illustration", "Picture books", "Portfolio review"),
        ("en", "pt", "es"),
        12,
        180,
        8,
        ("#be185d", "#f472b6"),
    ),
    MentorSeed(
        "oskar.weiss@example.com",
        "Oskar Weiß",
        "Europe/Berlin",
        "3D sculpting: forms that hold up from every side",
        "I teach form before detail. ZBrush or Blender, your choice; anatomy, cloth and hard "
        "surface, and how to finish instead of polishing for ever.",
        ("Sculpting", "Blender", "Anatomy"),
        ("de", "en"),
        3,
        260,
        5,
        ("#334155", "#94a3b8"),
    ),
    MentorSeed(
        "amara.diallo@example.com",
        "Amara Diallo",
        "Africa/Dakar",
        "Storyboards that a director can read in silence",
        "Staging, rhythm and clear acting. We board one scene from your own script until it "
        "works without a word of explanation.",
        ("Storyboarding", "Storytelling", "Animation"),
        ("fr", "en"),
        8,
        200,
        5,
        ("#7c2d12", "#fb923c"),
    ),
    MentorSeed(
        "nora.feld@example.com",
        "Nora Feld",
        "Europe/Vienna",
        "Drawing from life, for people who think they cannot",
        "Two sketchbooks, one pencil, forty short exercises. My mentees are beginners and "
        "professionals who want their eye back.",
        ("Drawing", "Anatomy", "Sketchbook"),
        ("de", "en", "it"),
        0,
        150,
        4,
        ("#0f766e", "#5eead4"),
    ),
    MentorSeed(
        "dev.raman@example.com",
        "Dev Raman",
        "Asia/Kolkata",
        "Animation: weight, timing and the joy of a good arc",
        "We animate a little every week and look at it frame by frame. Twelve principles, no "
        "shortcuts; rigs are provided.",
        ("Animation", "Timing", "Blender"),
        ("en", "hi"),
        7,
        210,
        6,
        ("#6d28d9", "#c084fc"),
    ),
)

MENTEE = ("mentee@example.com", "Lea Sommer", "Europe/Berlin")
ADMIN = ("admin@example.com", "Alex Studio")

FIRST_NAMES = (
    "Ada",
    "Ben",
    "Clara",
    "Dario",
    "Elif",
    "Finn",
    "Greta",
    "Hugo",
    "Iris",
    "Jonas",
    "Kira",
    "Leon",
    "Mila",
    "Nils",
    "Olga",
    "Pavel",
    "Quinn",
    "Rosa",
    "Sven",
    "Tara",
    "Uma",
    "Viktor",
    "Wanda",
    "Xaver",
    "Yara",
    "Zeno",
    "Anouk",
    "Bruno",
    "Cleo",
    "Dora",
    "Emil",
    "Freya",
    "Gustav",
    "Hanna",
    "Ivo",
    "Jule",
    "Kaspar",
    "Lotte",
    "Milan",
)
LAST_NAMES = (
    "Adler",
    "Berg",
    "Conti",
    "Dahl",
    "Engel",
    "Fuchs",
    "Grau",
    "Holm",
    "Ito",
    "Jansen",
    "Kern",
    "Lang",
    "Moor",
    "Nagel",
    "Orban",
    "Pohl",
    "Quast",
    "Roth",
    "Sand",
    "Thal",
    "Ulm",
    "Vogt",
    "Wolf",
    "Yilmaz",
    "Zorn",
    "Amsel",
    "Birke",
    "Clement",
    "Dorn",
    "Ebert",
    "Falk",
    "Gall",
    "Hirsch",
    "Ilg",
    "Jung",
    "Klee",
    "Lux",
    "Mohn",
    "Nix",
)
ZONES = ("Europe/Berlin", "Europe/Paris", "Europe/London", "America/New_York", "Asia/Kolkata")


def mentees() -> list[tuple[str, str, str]]:
    """E-mail, name and zone of forty mentees, the demo mentee first."""
    others = [
        (f"{first}.{last}@example.com".lower(), f"{first} {last}", ZONES[n % len(ZONES)])
        for n, (first, last) in enumerate(zip(FIRST_NAMES, LAST_NAMES, strict=True))
    ]
    return [MENTEE, *others]
