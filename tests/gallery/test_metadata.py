"""What a file says of its photo: believed where it makes sense, and never a reason to refuse it."""

from __future__ import annotations

import io
import struct
from datetime import UTC, datetime, timedelta, timezone
from xml.sax.saxutils import escape

import pytest
from django.test import override_settings
from PIL import ExifTags
from PIL import Image as PillowImage
from PIL.TiffImagePlugin import IFDRational

from gallery.imaging import Metadata, read_metadata
from gallery.imaging.exif_fields import camera, moment, panel, position
from gallery.imaging.words import clean_keywords, clean_line, clean_text
from gallery.models import User
from gallery.services.images import develop_image, store_image
from tests.conftest import draw_photo, encode

Base, Gps = ExifTags.Base, ExifTags.GPS

BILLION_LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE lolz [
 <!ENTITY lol "lol">
 <!ENTITY lol1 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
 <!ENTITY lol2 "&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;">
]>
<x:xmpmeta xmlns:x="adobe:ns:meta/">&lol2;</x:xmpmeta>"""


def xmp(
    title: str = "", description: str = "", alt: str = "", subjects: tuple[str, ...] = ()
) -> str:
    """Return an XMP packet as photo programs write it."""

    def text(name: str, value: str) -> str:
        other = '<rdf:li xml:lang="de">Anders</rdf:li>'
        own = f'<rdf:li xml:lang="x-default">{escape(value)}</rdf:li>'
        return f"<{name}><rdf:Alt>{other}{own}</rdf:Alt></{name}>" if value else ""

    bag = "".join(f"<rdf:li>{escape(subject)}</rdf:li>" for subject in subjects)
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/">'
        f"{text('dc:title', title)}{text('dc:description', description)}"
        f"{text('Iptc4xmpCore:AltTextAccessibility', alt)}"
        f"<dc:subject><rdf:Bag>{bag}</rdf:Bag></dc:subject>"
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    )


def iptc_jpeg(*records: tuple[int, int, bytes]) -> bytes:
    """Return a JPEG with these IPTC records, as Photoshop keeps them."""
    body = b"".join(
        struct.pack(">BBBH", 0x1C, record, number, len(value)) + value
        for record, number, value in records
    )
    resource = b"8BIM\x04\x04\x00\x00" + struct.pack(">I", len(body)) + body
    resource += b"\x00" * (len(body) % 2)
    segment = b"Photoshop 3.0\x00" + resource
    plain = encode(draw_photo(1))
    return plain[:2] + b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment + plain[2:]


def taken_jpeg(**fields: object) -> bytes:
    """Return a JPEG with these fields in its EXIF data, and a position in Berlin."""
    exif = PillowImage.Exif()
    exif[Base.Make] = "Canon"
    exif[Base.Model] = "Canon EOS R5"
    detail = exif.get_ifd(ExifTags.IFD.Exif)
    for name, value in fields.items():
        detail[Base[name]] = value
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[Gps.GPSLatitudeRef], place[Gps.GPSLongitudeRef] = "N", "E"
    place[Gps.GPSLatitude], place[Gps.GPSLongitude] = (52.0, 31.0, 12.0), (13.0, 24.0, 18.0)
    return encode(draw_photo(3), "JPEG", exif=exif)


def test_a_photo_says_when_where_and_with_what_it_was_taken() -> None:
    found = read_metadata(
        taken_jpeg(
            DateTimeOriginal="2024:06:01 18:30:05",
            OffsetTimeOriginal="+02:00",
            ExposureTime=IFDRational(1, 250),
            FNumber=IFDRational(28, 10),
            ISOSpeedRatings=400,
            FocalLength=IFDRational(50, 1),
            LensModel="RF50mm F1.2 L USM",
            Flash=0x10,
        )
    )

    assert found.taken_at == datetime(2024, 6, 1, 16, 30, 5, tzinfo=UTC)
    assert found.camera == "Canon EOS R5"
    assert found.exif == {
        "lens": "RF50mm F1.2 L USM",
        "focal_length": "50\u202fmm",
        "aperture": "f/2.8",
        "exposure": "1/250\u202fs",
        "iso": 400,
        "flash": False,
    }
    assert (found.latitude, found.longitude) == (52.52, 13.405)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_every_format_tells_of_its_camera(file_format: str) -> None:
    exif = PillowImage.Exif()
    exif[Base.Make], exif[Base.Model] = "NIKON CORPORATION", "NIKON D850"

    assert read_metadata(encode(draw_photo(1), file_format, exif=exif)).camera == "NIKON D850"


@pytest.mark.parametrize(
    ("make", "model", "name"),
    [
        ("Canon", "Canon EOS R5", "Canon EOS R5"),
        ("NIKON CORPORATION", "NIKON Z 6_2", "NIKON Z 6_2"),
        ("SONY", "ILCE-7M3", "SONY ILCE-7M3"),
        ("OLYMPUS IMAGING CORP.  ", "E-M5", "OLYMPUS E-M5"),
        ("Apple\x00\x00", "iPhone 15 Pro", "Apple iPhone 15 Pro"),
        ("", "X100V", "X100V"),
        ("LEICA CAMERA AG", "", "LEICA CAMERA"),
        (b"samsung\x00", b"SM-G991B\x00\xff", "samsung SM-G991B"),
        (7, None, ""),
        ("x" * 500, "y" * 500, "x" * 120),
    ],
)
def test_a_camera_is_named_without_doubling(make: object, model: object, name: str) -> None:
    assert camera({Base.Make: make, Base.Model: model}) == name


@pytest.mark.parametrize(
    "text",
    [
        "0000:00:00 00:00:00",
        "    :  :     :  :  ",
        "1700:01:01 00:00:00",
        "9999:12:31 23:59:59",
        "2024:13:45 99:99:99",
        "yesterday",
        "",
        "\x00",
    ],
)
def test_absurd_dates_are_none(text: str) -> None:
    assert moment({Base.DateTimeOriginal: text}) is None


def test_a_date_of_tomorrow_is_a_wrong_clock_and_one_of_next_year_is_none() -> None:
    now = datetime.now(UTC)

    def taken(when: datetime) -> datetime | None:
        text = when.strftime("%Y:%m:%d %H:%M:%S")
        return moment({Base.DateTimeOriginal: text, Base.OffsetTimeOriginal: "+00:00"})

    assert taken(now + timedelta(hours=12)) is not None
    assert taken(now + timedelta(days=300)) is None


@pytest.mark.parametrize(
    ("offset", "zone"),
    [
        ("-03:30", timezone(-timedelta(hours=3, minutes=30))),
        ("+99:00", None),
        ("+02:75", None),
        ("Z", None),
        ("", None),
    ],
)
def test_only_offsets_that_exist_are_believed(offset: str, zone: timezone | None) -> None:
    taken = moment({Base.DateTimeOriginal: "2020:01:02 03:04:05", Base.OffsetTimeOriginal: offset})

    assert taken is not None
    assert taken.tzinfo == zone


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        ((91.0, 0.0, 0.0), (13.0, 0.0, 0.0)),
        ((52.0, 61.0, 0.0), (13.0, 0.0, 0.0)),
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
        ((float("nan"), 0.0, 0.0), (13.0, 0.0, 0.0)),
        ((IFDRational(1, 0), 0.0, 0.0), (13.0, 0.0, 0.0)),
        ((-5.0, 0.0, 0.0), (13.0, 0.0, 0.0)),
        ((1.0, 2.0, 3.0, 4.0), (13.0, 0.0, 0.0)),
        ("52 degrees", "13 degrees"),
        (None, (13.0, 0.0, 0.0)),
    ],
)
def test_a_position_of_nonsense_is_none(latitude: object, longitude: object) -> None:
    fields = {Gps.GPSLatitude: latitude, Gps.GPSLongitude: longitude}

    assert position({**fields, Gps.GPSLatitudeRef: "N", Gps.GPSLongitudeRef: "E"}) is None


def test_south_and_west_are_negative() -> None:
    fields = {Gps.GPSLatitude: (33.0, 27.0, 0.0), Gps.GPSLongitude: (70.0, 40.0, 0.0)}

    found = position({**fields, Gps.GPSLatitudeRef: "S", Gps.GPSLongitudeRef: "W"})

    assert found == (-33.45, -70.666667)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (IFDRational(1, 8000), "1/8000\u202fs"),
        (0.3, "1/3\u202fs"),
        (2.5, "2.5\u202fs"),
        (1800, "1800\u202fs"),
    ],
)
def test_exposures_are_written_as_on_a_camera(seconds: object, words: str) -> None:
    assert panel({Base.ExposureTime: seconds}) == {"exposure": words}


def test_figures_that_cannot_be_are_left_out() -> None:
    absurd = {
        Base.ExposureTime: IFDRational(0, 0),
        Base.FNumber: -4,
        Base.ISOSpeedRatings: (),
        Base.FocalLength: "long",
        Base.Flash: b"\x01",
        Base.ExposureBiasValue: 0,
        Base.LensModel: "\x00\x00",
    }

    assert panel(absurd) == {}


def test_words_of_xmp_are_read_in_the_authors_own_language() -> None:
    packet = xmp("Herons & reeds", "Two lines\nof it", "A heron stands", ("heron", "lake"))

    found = read_metadata(encode(draw_photo(1), "JPEG", xmp=packet.encode()))

    assert (found.title, found.description) == ("Herons & reeds", "Two lines\nof it")
    assert (found.alt, found.keywords) == ("A heron stands", ("heron", "lake"))


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_xmp_is_read_from_every_format(file_format: str) -> None:
    packet = xmp(title="Reeds").encode()
    if file_format == "PNG":
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", packet.decode())
        data = encode(draw_photo(1), "PNG", pnginfo=info)
    elif file_format == "TIFF":
        data = encode(draw_photo(1), "TIFF", tiffinfo={700: packet})
    else:
        data = encode(draw_photo(1), file_format, xmp=packet)

    assert read_metadata(data).title == "Reeds"


def test_words_of_iptc_are_read_and_xmp_goes_before_them() -> None:
    found = read_metadata(
        iptc_jpeg(
            (1, 90, b"\x1b%G"),
            (2, 5, "Größe".encode()),
            (2, 25, b"heron"),
            (2, 25, "Möwe".encode()),
            (2, 120, b"By the river"),
        )
    )

    assert (found.title, found.description) == ("Größe", "By the river")
    assert found.keywords == ("heron", "Möwe")


def test_iptc_of_old_programs_is_read_as_latin() -> None:
    assert read_metadata(iptc_jpeg((2, 25, "Möwe".encode("latin-1")))).keywords == ("Möwe",)


def test_a_single_iptc_keyword_and_one_with_nul_are_cleaned() -> None:
    assert read_metadata(iptc_jpeg((2, 25, b"he\x00ron\x07"))).keywords == ("heron",)


@pytest.mark.parametrize(
    "packet",
    [
        BILLION_LAUGHS,
        "<x:xmpmeta",
        "\x00\x00",
        '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        "<a>" * 50_000,
        "x" * 3_000_000,
    ],
)
def test_hostile_xmp_is_as_if_it_were_not_there(packet: str) -> None:
    data = encode(draw_photo(1), "WEBP", xmp=packet.encode())

    assert read_metadata(data) == Metadata()


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xd8\xff", b"II*\x00", b"text", b"\x00" * 100, b"II*\x00\x08\x00\x00\x00\xff\xff"],
)
def test_bytes_that_are_no_photo_say_nothing(data: bytes) -> None:
    assert read_metadata(data) == Metadata()


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow tells of each broken tag
def test_exif_cut_or_scrambled_anywhere_never_raises() -> None:
    whole = taken_jpeg(DateTimeOriginal="2024:06:01 18:30:05", LensModel="A lens")
    for place in range(20, 420, 3):
        read_metadata(whole[:place])
        read_metadata(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])


def test_texts_lose_what_no_database_takes_and_what_turns_directions() -> None:
    assert clean_text("a\x00b\ud800c\u202ed\r\ne\x1b", 100) == "abcd\ne"
    assert clean_line("  two\n\n lines\t", 100) == "two lines"
    assert len(clean_text("é" * 5000, 2000)) == 2000
    assert clean_line("👩\u200d👧 family", 100) == "👩\u200d👧 family"


def test_keywords_are_a_hundred_at_most_each_once_and_none_too_long() -> None:
    assert clean_keywords(["Heron", "heron", " HERON ", "", "\x00", "y" * 101, "y" * 100]) == (
        "Heron",
        "y" * 100,
    )
    assert len(clean_keywords(f"word {number}" for number in range(5000))) == 100


def test_what_a_file_says_is_stored_with_its_photo(alice: User) -> None:
    data = taken_jpeg(DateTimeOriginal="2024:06:01 18:30:05", ISOSpeedRatings=100)

    with override_settings(TIME_ZONE="Europe/Berlin"):
        image = store_image(
            owner=alice, data=data, name="p.jpg", visibility="public", teaches=True
        ).image

    image.refresh_from_db()
    # A camera without a zone is believed to have hung in that of the site.
    assert image.taken_at == datetime(2024, 6, 1, 16, 30, 5, tzinfo=UTC)
    assert (image.camera, image.exif) == ("Canon EOS R5", {"iso": 100})
    assert (image.latitude, image.longitude) == (52.52, 13.405)
    assert image.colour.startswith("#")


def test_words_in_the_file_fill_what_the_uploader_left_empty(alice: User) -> None:
    packet = xmp("From the file", "Its description", "Its alt", ("heron",)).encode()
    data = encode(draw_photo(1), "JPEG", xmp=packet)

    image = store_image(
        owner=alice, data=data, name="p.jpg", visibility="public", teaches=True, title="Typed"
    ).image

    assert (image.title, image.description, image.alt) == ("Typed", "Its description", "Its alt")
    assert develop_image(data).keywords == ("heron",)


def test_a_title_as_long_as_a_book_is_cut(alice: User) -> None:
    data = encode(draw_photo(1), "JPEG", xmp=xmp("x" * 5000).encode())

    image = store_image(
        owner=alice, data=data, name="p.jpg", visibility="public", teaches=True
    ).image

    assert image.title == "x" * 200
    assert io.BytesIO(data).getbuffer().nbytes == image.byte_size
