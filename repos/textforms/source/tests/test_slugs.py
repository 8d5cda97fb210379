import pytest

from textforms import slugify, unique_slug


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Hello, World!", "hello-world"),
        ("Crème brûlée", "creme-brulee"),
        ("Straße nach Łódź", "strasse-nach-lodz"),
        ("don't stop", "dont-stop"),
        ("  --a__b--  ", "a-b"),
        ("ﬁne ² ™", "fine-2-tm"),
        ("日本", ""),
    ],
)
def test_slugs(text, slug):
    assert slugify(text) == slug


def test_unicode_slugs_keep_letters():
    assert slugify("Größe: 日本", ascii_only=False) == "größe-日本"
    assert slugify("Cafe\u0301 Noir", ascii_only=False) == "café-noir"


def test_separators():
    assert slugify("a b c", separator="_") == "a_b_c"
    assert slugify("a b c", separator="") == "abc"


def test_limit_cuts_between_words():
    assert slugify("alpha beta gamma", limit=12) == "alpha-beta"
    assert slugify("alpha beta gamma", limit=10) == "alpha-beta"
    assert slugify("alphabet", limit=5) == "alpha"


def test_taken_slugs_are_numbered():
    assert unique_slug("My Page", set()) == "my-page"
    assert unique_slug("My Page", {"my-page", "my-page-2"}) == "my-page-3"
    assert unique_slug("???", {"untitled"}) == "untitled-2"


def test_numbers_respect_the_limit():
    assert unique_slug("abcdefghij", {"abcdefgh"}, limit=8) == "abcdef-2"
    with pytest.raises(ValueError, match="room"):
        unique_slug("abc", set(), limit=3)
