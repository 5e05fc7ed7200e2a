"""Whatever a value is, it is text in the page, and all of it can be seen."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from tocsin.app.report.markup import LONGEST, Markup, tag, visible


class Reader(HTMLParser):
    """Collects what a browser would see of a fragment."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


@given(text=st.text(), attribute=st.text())
def test_no_text_becomes_an_element_or_an_attribute(text, attribute):
    """Read back, there is the one element, with the one attribute, and the text."""
    reader = Reader()
    reader.feed(tag("p", text, title=attribute))
    reader.close()
    assert reader.tags == ["p"]
    assert reader.attributes == [("title", visible(attribute))]
    assert reader.text == visible(text)


@given(st.text())
def test_every_visible_text_can_be_written(text):
    """Lone surrogates too, which UTF-8 has no bytes for."""
    visible(text).encode()


def test_what_hides_is_shown_by_its_number():
    """A right-to-left mark cannot turn a file name around; a null byte is not nothing."""
    assert visible("a\u202ecod.exe\x00\ud800") == "a⟨U+202E⟩cod.exe⟨U+0000⟩⟨U+D800⟩"
    assert visible("ünï \u6f22 a b") == "ünï \u6f22 a b"


def test_a_long_value_is_cut_and_says_so():
    """A megabyte in a user's name does not make a megabyte of a page."""
    assert visible("x" * 1_000_000) == "x" * LONGEST + "\u2026 (1,000,000 signs)"
    assert len(tag("p", "x" * 1_000_000)) < 3_000


def test_markup_numbers_and_nothing_are_taken_as_they_are():
    """Markup is not escaped twice, numbers have their commas, None is left out."""
    assert (
        tag("p", Markup("<b>x</b>"), 12_345, None, class_="a", title=None)
        == '<p class="a"><b>x</b>12,345</p>'
    )
    assert tag("rect", x=1.50, width="3%") == '<rect x="1.5" width="3%"/>'
