"""Figures as SVG that stands in a page: no names that others have, no styles, nothing from outside.

A page's policy lets no attribute set a style, so styles become the attributes that mean the same;
ink becomes the colour of the page's text, and the paper of a figure transparent.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from xml.etree import ElementTree as Xml

from matplotlib.figure import Figure
from matplotlib.style import context

from results.figures import style

_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_INK = {style.INK.lower(), "#000000", "black"}
_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))


def inline_svg(figure: Figure, name: str, title: str) -> str:
    """The figure as an ``svg`` element.

    Args:
        figure: what `results.figures` has drawn.
        name: begins all its ids, so that no other figure of a page may have it.
        title: what it shows, for who cannot see it.
    """
    stream = io.BytesIO()
    with context(style.STYLE, after_reset=True):
        figure.savefig(stream, format="svg", metadata=_METADATA, transparent=True)
    root = Xml.fromstring(stream.getvalue())  # noqa: S314 - of our own making
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{_SVG}metadata", f"{_SVG}style"):
                parent.remove(child)
    for element in root.iter():
        _make_plain(element, name)
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title")
    root.set("width", "100%")
    del root.attrib["height"]
    label = Xml.Element("title", {"id": f"{name}-title"})
    label.text = title
    root.insert(0, label)
    return Xml.tostring(root, encoding="unicode")


def _make_plain(element: Xml.Element, name: str) -> None:
    """Without namespace, style and a name that others have."""
    element.tag = element.tag.removeprefix(_SVG)
    attributes = dict(element.attrib)
    element.attrib.clear()
    for key, value in attributes.items():
        for attribute, text in _attributes(key, value):
            element.set(attribute, _within(attribute, text, name))


def _attributes(key: str, value: str) -> Iterator[tuple[str, str]]:
    """What an attribute becomes: a style an attribute for each of its properties."""
    if key == _LINK:
        yield "href", value
    elif key == "style":
        for declaration in value.split(";"):
            attribute, _, text = declaration.partition(":")
            if text:
                yield attribute.strip(), text.strip()
    else:
        yield key, value


def _within(attribute: str, text: str, name: str) -> str:
    """A value that means the same in a page with other figures."""
    if attribute == "id":
        return f"{name}-{text}"
    if attribute == "href":
        return f"#{name}-{text.removeprefix('#')}"
    if text.startswith("url(#"):
        return f"url(#{name}-{text.removeprefix('url(#')}"
    return "currentColor" if text.lower() in _INK else text
