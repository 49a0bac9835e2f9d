"""Photos: what is let in, what is left of it, and which files lie in the store."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from sqlmodel import select

from services import db, photos, ratelimits
from services.config import settings
from services.errors import InvalidInput, NotFound, ProviderUnavailable, TooManyAttempts
from services.models import AuditEntry, Mentor
from services.providers.storage.base import BadKey, FileMissing
from services.providers.storage.local import LocalStorage
from tests.services.rows import VISITOR, a_mentor, a_user, acting, acting_mentor, an_admin

GPS_IFD = 0x8825


@pytest.fixture(autouse=True)
def nobody_has_tried_before() -> None:
    """Attempts are counted in this process's memory, across tests."""
    ratelimits.forget_all()


def a_picture(
    size: tuple[int, int] = (400, 300),
    kind: str = "JPEG",
    mode: str = "RGB",
    colour: str | tuple[int, ...] = "teal",
    exif: Image.Exif | None = None,
) -> bytes:
    out = io.BytesIO()
    more = {"exif": exif} if exif is not None else {}
    Image.new(mode, size, colour).save(out, kind, **more)
    return out.getvalue()


def stored_files() -> set[str]:
    folder = settings().data_dir / "files" / "photos"
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def photo_key(mentor: Mentor) -> str | None:
    with db.reading() as session:
        return session.get_one(Mentor, mentor.id).photo_key


def shown(key: str, size: photos.Size = "large") -> Image.Image:
    content = photos.read(photos.url(key, size).rsplit("/", 1)[-1])
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "RGB"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("PNG", "P"), ("WEBP", "RGB")],
)
def test_each_kind_of_picture_becomes_two_square_webps(database: str, kind: str, mode: str) -> None:
    mentor = a_mentor()
    colour = 0 if mode == "P" else "teal"
    picture = a_picture((900, 700), kind, mode, colour)  # type: ignore[arg-type]

    key = photos.replace(actor=acting_mentor(mentor), slug=mentor.slug, data=picture)

    assert photo_key(mentor) == key
    for size, side in photos.SIDES.items():
        image = shown(key, size)  # type: ignore[arg-type]
        assert (image.format, image.size, image.mode) == ("WEBP", (side, side), "RGB")
    assert stored_files() == {f"{key}-large.webp", f"{key}-small.webp"}


def test_place_and_camera_are_removed_and_the_picture_stands_upright(database: str) -> None:
    mentor = a_mentor()
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010F] = "A camera"
    exif.get_ifd(GPS_IFD)[2] = (52.0, 31.0, 0.0)
    turned = Image.new("RGB", (400, 200), "black")
    turned.paste("white", (0, 0, 400, 100))  # its upper half; upright that is the right half
    out = io.BytesIO()
    turned.save(out, "JPEG", exif=exif)

    key = photos.replace(actor=acting_mentor(mentor), slug=mentor.slug, data=out.getvalue())

    image = shown(key)
    assert not image.getexif()
    assert "exif" not in image.info and "icc_profile" not in image.info
    left, right = image.getpixel((160, 320)), image.getpixel((480, 320))
    assert isinstance(left, tuple) and isinstance(right, tuple)
    assert max(left) < 50 < 200 < min(right)


def test_transparent_picture_gets_a_white_ground(database: str) -> None:
    mentor = a_mentor()
    data = a_picture((300, 300), "PNG", "RGBA", (255, 0, 0, 0))
    key = photos.replace(actor=acting_mentor(mentor), slug=mentor.slug, data=data)

    pixel = shown(key).getpixel((10, 10))
    assert isinstance(pixel, tuple) and min(pixel) > 250


def a_bomb() -> bytes:
    """A tiny file that says it is 30,000 pixels square."""
    data = bytearray(a_picture((200, 200), "PNG"))
    data[16:24] = (30_000).to_bytes(4, "big") * 2
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        a_picture()[:600],
        a_picture((159, 400)),
        a_picture((400, 300), "GIF"),
        a_picture((400, 300), "BMP"),
        a_bomb(),
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 100,
    ],
    ids=["empty", "text", "svg", "cut", "small", "gif", "bmp", "bomb", "header"],
)
def test_what_is_no_usable_picture_is_refused_and_the_old_photo_stays(
    database: str, data: bytes
) -> None:
    mentor = a_mentor()
    actor = acting_mentor(mentor)
    key = photos.replace(actor=actor, slug=mentor.slug, data=a_picture())

    with pytest.raises(InvalidInput) as refused:
        photos.replace(actor=actor, slug=mentor.slug, data=data)

    assert refused.value.field == "photo"
    assert photo_key(mentor) == key
    assert len(stored_files()) == 2


def test_file_with_too_many_bytes_is_refused(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTO_MAX_BYTES", "10000")
    settings.cache_clear()
    mentor = a_mentor()
    with pytest.raises(InvalidInput, match=r"0\.01 MB"):
        photos.replace(actor=acting_mentor(mentor), slug=mentor.slug, data=b"x" * 10_001)


def test_new_photo_takes_the_place_of_the_old_files_even_when_the_picture_is_the_same(
    database: str,
) -> None:
    mentor = a_mentor()
    actor = acting_mentor(mentor)
    first = photos.replace(actor=actor, slug=mentor.slug, data=a_picture())
    second = photos.replace(actor=actor, slug=mentor.slug, data=a_picture())

    assert first != second
    assert stored_files() == {f"{second}-large.webp", f"{second}-small.webp"}
    with pytest.raises(NotFound):
        photos.read(f"{first}-large.webp")


def test_removed_photo_leaves_no_file_and_one_audit_line_each_way(database: str) -> None:
    mentor = a_mentor()
    actor = acting_mentor(mentor)
    photos.replace(actor=actor, slug=mentor.slug, data=a_picture())
    photos.remove(actor=actor, slug=mentor.slug)
    photos.remove(actor=actor, slug=mentor.slug)

    assert photo_key(mentor) is None
    assert stored_files() == set()
    with db.reading() as session:
        actions = session.exec(select(AuditEntry.action)).all()
    assert actions == ["mentor.photo_changed", "mentor.photo_changed"]


def test_photo_is_changed_by_its_mentor_and_by_admins_only(database: str) -> None:
    mentor, other = a_mentor("Mina Mine"), a_mentor("Olga Other")
    for actor in (acting_mentor(other), acting(a_user())):
        with pytest.raises(NotFound):
            photos.replace(actor=actor, slug=mentor.slug, data=a_picture())
        with pytest.raises(NotFound):
            photos.remove(actor=actor, slug=mentor.slug)
    with pytest.raises(Exception, match="sign in"):
        photos.replace(actor=VISITOR, slug=mentor.slug, data=a_picture())

    assert photo_key(mentor) is None
    assert photos.replace(actor=acting(an_admin()), slug=mentor.slug, data=a_picture())


def test_uploads_of_one_account_are_limited(database: str) -> None:
    mentor = a_mentor()
    actor = acting_mentor(mentor)
    with pytest.raises(TooManyAttempts):
        for _ in range(31):
            with pytest.raises(InvalidInput):
                photos.replace(actor=actor, slug=mentor.slug, data=b"")


def test_full_disk_is_an_outage_and_leaves_the_photo_as_it_was(database: str) -> None:
    mentor = a_mentor()
    folder = settings().data_dir / "files"
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("a file where the folder should be")

    with pytest.raises(ProviderUnavailable):
        photos.replace(actor=acting_mentor(mentor), slug=mentor.slug, data=a_picture())

    assert photo_key(mentor) is None


@pytest.mark.parametrize(
    "name",
    ["", "../app.db", "x-large.webp", "a" * 32 + "-large.png", "A" * 32 + "-large.webp", "a" * 32],
)
def test_names_that_are_no_photo_are_not_found(name: str) -> None:
    with pytest.raises(NotFound):
        photos.read(name)


def test_local_store_keeps_gives_and_forgets_files(tmp_path: Path) -> None:
    store = LocalStorage(tmp_path / "files")
    assert not store.exists("photos/a.webp")
    with pytest.raises(FileMissing):
        store.open("photos/a.webp")

    assert store.put("photos/a.webp", io.BytesIO(b"first")).size == 5
    assert store.put("photos/a.webp", io.BytesIO(b"again")).size == 5
    with store.open("photos/a.webp") as file:
        assert file.read() == b"again"
    assert store.exists("photos/a.webp")
    store.delete("photos/a.webp")
    store.delete("photos/a.webp")

    assert not store.exists("photos/a.webp")
    assert list((tmp_path / "files" / "photos").iterdir()) == []


class _Breaks(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError("the line went dead")


def test_file_that_breaks_off_is_never_seen(tmp_path: Path) -> None:
    store = LocalStorage(tmp_path / "files")
    store.put("photos/a.webp", io.BytesIO(b"whole"))
    with pytest.raises(ProviderUnavailable):
        store.put("photos/a.webp", _Breaks())

    with store.open("photos/a.webp") as file:
        assert file.read() == b"whole"
    assert [path.name for path in (tmp_path / "files" / "photos").iterdir()] == ["a.webp"]


@pytest.mark.parametrize(
    "key",
    ["", "/etc/passwd", "../app.db", "photos/../../app.db", "photos//a", "photos/.hidden", "a\\b",
     "photos/a\x00", "photos/", "c:a", "a" * 256],
)  # fmt: skip
def test_keys_that_could_leave_the_store_are_refused(tmp_path: Path, key: str) -> None:
    store = LocalStorage(tmp_path / "files")
    for act in (store.open, store.exists, store.delete, lambda k: store.put(k, io.BytesIO(b"x"))):
        with pytest.raises(BadKey):
            act(key)


@pytest.mark.parametrize("key", ["photos/a..b", "photos/ä", "photos/a b", "a" * 241])
def test_keys_that_others_may_have_made_are_not_made_by_us(tmp_path: Path, key: str) -> None:
    store = LocalStorage(tmp_path / "files")
    assert not store.exists(key)
    with pytest.raises(BadKey):
        store.put(key, io.BytesIO(b"x"))
