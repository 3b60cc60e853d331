"""The words of an XMP packet: title, description, alternative text and keywords."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

# Packets are a few kilobytes; those with thumbnails inside stay below this.
LARGEST_PACKET = 2_000_000
MOST_ITEMS = 1000
DC = "{http://purl.org/dc/elements/1.1/}"
IPTC_CORE = "{http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/}"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True)
class XmpWords:
    """What an author wrote into a file, as it stands there."""

    title: str = ""
    description: str = ""
    alt: str = ""
    keywords: tuple[str, ...] = ()


def read_xmp(packet: bytes | str | tuple[int, ...]) -> XmpWords:
    """Return the words of a packet; empty ones where it says nothing.

    Raises what the parser raises, a ValueError for entities (the billion laughs) or a SyntaxError.
    Pillow's own `getxmp` gives nested dictionaries without namespaces, in which a title of one
    language looks unlike one of two; the tree itself is simpler to ask.
    """
    if isinstance(packet, tuple):
        packet = bytes(packet)
    text = packet.encode() if isinstance(packet, str) else packet
    text = text.strip(b"\x00 \t\r\n")
    if not text or len(text) > LARGEST_PACKET:
        return XmpWords()
    tree: Element = fromstring(text)
    return XmpWords(
        title=_in_one_language(tree, DC + "title"),
        description=_in_one_language(tree, DC + "description"),
        alt=_in_one_language(tree, IPTC_CORE + "AltTextAccessibility"),
        keywords=tuple(_items(tree, DC + "subject")),
    )


def _in_one_language(tree: Element, name: str) -> str:
    """Return the text in the author's own language, which is marked as the default one."""
    found = next(tree.iter(name), None)
    if found is None:
        return next((held.get(name, "") for held in tree.iter(RDF + "Description")), "")
    texts = list(found.iter(RDF + "li"))
    if not texts:
        return found.text or ""
    own = [text for text in texts if text.get(LANGUAGE) == "x-default"]
    return (own or texts)[0].text or ""


def _items(tree: Element, name: str) -> list[str]:
    """Return the texts of the first list of this name.

    Further ones are not looked at: a hostile packet puts each into the one before, and reading
    them all takes the square of its length.
    """
    bag = next(tree.iter(name), None)
    items = () if bag is None else islice(bag.iter(RDF + "li"), MOST_ITEMS)
    return [item.text or "" for item in items]
