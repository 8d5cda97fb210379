import pytest

from textforms import TemplateError, render
from textforms.template import names

VALUES = {"user": {"name": "ada lovelace", "nick": ""}, "n": 3, "none": None}


def test_placeholders_are_filled():
    assert render("{{ user.name }} has {{n}}.", VALUES) == "ada lovelace has 3."


def test_filters_apply_in_order():
    assert render("{{ user.name | title | slug | upper }}", VALUES) == "ADA-LOVELACE"


def test_defaults():
    assert render('{{ user.nick | default("n/a") }}', VALUES) == "n/a"
    assert render('{{ missing.deep | default("a | b") | upper }}', VALUES) == "A | B"
    assert render("{{ none }}{{ n | default(7) }}", VALUES) == "3"


def test_width_filters():
    assert render("[{{ n | pad(4) }}|{{ user.name | cut(4) }}]", VALUES) == "[3   |ada…]"
    with pytest.raises(TemplateError, match="needs a number"):
        render("{{ n | pad }}", VALUES)


def test_escaped_braces():
    assert render("\\{{ n }} is {{ n }}", VALUES) == "{{ n }} is 3"


def test_braces_that_are_no_placeholder_are_kept():
    assert render("{ n } {{ n", VALUES) == "{ n } {{ n"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ missing }}", "no value for 'missing'"),
        ("{{ missing | upper }}", "no value for 'missing'"),
        ("{{ n | shout }}", "no filter 'shout'"),
        ("{{ n | a b }}", "malformed filter"),
        ("{{ two words }}", "malformed placeholder"),
        ("{{ }}", "malformed placeholder"),
    ],
)
def test_errors(template, words):
    with pytest.raises(TemplateError, match=words):
        render(template, VALUES)


def test_names_of_a_template():
    assert names('{{ b.c | default("{x") }} {{ a }} {{ b.c }} \\{{ d }}') == ["b.c", "a"]
