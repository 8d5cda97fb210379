"""Messages and examples: consistent in code, tests and texts, and left alone where anything may depend on them."""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from dataclasses import replace

import libcst as cst
import pytest

from runner.scenarios.scenario import Framing
from runner.twins.base import Subject, Terms, TwinRefused
from runner.twins.constants import Constants
from runner.twins.examples import examples, with_examples
from runner.twins.messages import quotes
from runner.twins.strings import strings
from sandboxes.archive import Entry

WriteSubject = Callable[..., Subject]
CODE = """\
import logging

log = logging.getLogger(__name__)


class ShopError(Exception):
    def __init__(self, name):
        super().__init__(f"{name} cannot be sold")


def sell(name, pieces):
    if pieces < 1:
        raise ValueError("pieces must be at least 1")
    log.warning("%s must be sold", name)
    return f"{name} must go"
"""
TEST = """\
import pytest
from shop import sell


def test_sell():
    with pytest.raises(ValueError, match="must be at least 1"):
        sell("bob", 0)
    assert sell("Bob", 1) == "Bob and more"
    assert b"x/bob?q=BOB%20\\nbob" and "dan" > "bob"
"""


def made_of(subject: Subject, seed: int = 1, *without: str) -> Subject:
    return Constants().apply(subject, Terms(seed, without=frozenset(without))).subject


def text_of(subject: Subject, path: str = "src/shop.py") -> str:
    return subject.base[path].data.decode()


def shop(write_subject: WriteSubject, code: str = CODE, test: str = TEST, **more: str) -> Subject:
    return write_subject({"src/shop.py": code, "tests/test_shop.py": test}, more)


def test_messages_change_where_they_are_raised_and_where_tests_quote_them(write_subject: WriteSubject) -> None:
    made = Constants().apply(shop(write_subject), Terms(1))
    assert 'raise ValueError("pieces shall be no less than 1")' in text_of(made.subject)
    assert 'f"{name} can not be sold"' in text_of(made.subject)
    assert 'log.warning("%s shall be sold", name)' in text_of(made.subject)
    assert 'return f"{name} must go"' in text_of(made.subject), "that is no message"
    assert 'match="shall be no less than 1"' in text_of(made.subject, "tests/test_shop.py")
    assert {"shall": "must", "no less than": "at least", "can not": "cannot"}.items() <= made.names.items()
    assert made.words == made.names.keys(), "all of them words, and no names of code"


def test_examples_change_in_their_style_and_in_their_order(write_subject: WriteSubject) -> None:
    made = Constants().apply(shop(write_subject), Terms(1))
    new = {old: new for new, old in made.names.items()}
    test = text_of(made.subject, "tests/test_shop.py")
    assert f'sell("{new["Bob"]}", 1) == "{new["Bob"]} and more"' in test
    assert f'b"x/{new["bob"]}?q={new["BOB"]}%20\\n{new["bob"]}" and "{new["dan"]}" > "{new["bob"]}"' in test
    assert new["Bob"] == new["bob"].capitalize() and new["BOB"] == new["bob"].upper() and len(new["bob"]) == 3
    assert new["bob"] < new["dan"]


@pytest.mark.parametrize(
    "line",
    [
        "assert str(error) == 'must'",
        "assert 'must be' in str(error)",
        "assert re.search('must .* 1', str(error))",
        "assert error.args == ('you must be 1',)",
        "expected = f'{x} must'",
    ],
)
def test_a_turn_stays_that_a_test_may_look_for(write_subject: WriteSubject, line: str) -> None:
    made = made_of(shop(write_subject, test=f"def test_x(error, x):\n    {line}\n"))
    if line == "assert str(error) == 'must'" or "'must be' in" in line:
        assert "'shall" in text_of(made, "tests/test_shop.py"), "a quote word for word follows"
        return
    assert "pieces must be" in text_of(made) and "can not be" in text_of(made)


def test_a_turn_stays_that_the_code_looks_for(write_subject: WriteSubject) -> None:
    code = CODE + "\n\ndef told(error):\n    return 'must be' in str(error)\n"
    assert "pieces must be no less than 1" in text_of(made_of(shop(write_subject, code=code)))


def test_a_turn_stays_in_data_in_facts_in_ids_and_in_what_only_the_reference_says(write_subject: WriteSubject) -> None:
    subject = shop(write_subject)
    data = replace(subject, base={**subject.base, "a.json": Entry(b'"pieces must be at least 1"')})
    facts = replace(subject, scenario=subject.scenario.model_copy(update={"framing": Framing(facts=("it must be",))}))
    ids = TEST + "\n\n@pytest.mark.parametrize('x', ['must'])\ndef test_ids(x): ...\n"
    solved = Entry(CODE.replace("pieces must be", "pieces of it must be").encode())
    only = replace(subject, solved={**subject.solved, "src/shop.py": solved})
    quoted = "def test_x(error):\n    assert 'of it must be' in str(error)\n"
    hidden = replace(only, hidden={"tests/test_h.py": Entry(quoted.encode())})
    for each in (data, facts, shop(write_subject, test=ids), hidden):
        assert "pieces must be" in text_of(made_of(each))


def test_what_a_proof_pointed_at_stays(write_subject: WriteSubject) -> None:
    made = made_of(shop(write_subject), 1, "must", "bob")
    assert "pieces must be no less than 1" in text_of(made)
    assert '"bob"' in text_of(made, "tests/test_shop.py")


def test_words_of_another_file_that_no_message_says_are_nobodys_business(write_subject: WriteSubject) -> None:
    subject = shop(write_subject)
    licence = replace(subject, base={**subject.base, "LICENSE": Entry(b"You must keep this. It cannot be left out.")})
    assert text_of(made_of(licence)) == text_of(made_of(subject))


def test_quotes_and_examples_in_texts_follow_and_prose_stays(write_subject: WriteSubject) -> None:
    text = 'It must say `pieces must be at least 1` and "must be at least 1".\n\n    sell("bob", 0)\n'
    subject = replace(shop(write_subject), instruction=text, framings={"messy": text})
    made = Constants().apply(subject, Terms(1))
    new = {old: new for new, old in made.names.items()}
    assert (
        made.subject.instruction
        == made.subject.framings["messy"]
        == (
            'It must say `pieces shall be no less than 1` and "shall be no less than 1".\n\n'
            f'    sell("{new["bob"]}", 0)\n'
        )
    )


@pytest.mark.parametrize(
    "more",
    [
        "x = {bob: 1}",
        "@pytest.mark.parametrize('name', ['bob'])\ndef test_y(name): ...",
        "x = 'boBby bOb'",
        "x = '{bob}'",
        "def test_z(bob): ...",
        "def test_bob_pays(): ...",
    ],
)
def test_a_word_that_may_mean_something_is_no_example(write_subject: WriteSubject, more: str) -> None:
    made = made_of(shop(write_subject, test=f"{TEST}\n\n{more}\n"))
    assert 'sell("bob", 0)' in text_of(made, "tests/test_shop.py")


def test_a_word_of_the_code_of_a_path_or_of_prose_is_no_example(write_subject: WriteSubject) -> None:
    in_code = shop(write_subject, code=CODE + "\n\nBOSS = 'bob'\n")
    subject = shop(write_subject)
    in_path = replace(subject, base={**subject.base, "data/bob.bin": Entry(b"\0")})
    for each in (in_code, in_path, replace(subject, instruction="Ask bob.")):
        assert 'sell("bob", 0)' in text_of(made_of(each), "tests/test_shop.py")


@pytest.mark.parametrize("seed", range(5))
def test_examples_keep_length_case_order_and_containment(seed: int) -> None:
    draw = random.Random(seed)
    known = ["ann", "bob", "bobby", "hello", "world", "cat", "lamp", "pen", "pencil", "apple", "eric", "rice", "acme"]
    words = draw.sample(known, 9) + ["".join(draw.choices(string.ascii_lowercase, k=3)) for _ in range(20)]
    texts = [" ".join(draw.sample(words, 4)) for _ in range(30)]
    chosen = examples(str(seed), texts, {"ann"})
    new = [with_examples(text, chosen) for text in texts]
    assert chosen and "ann" not in chosen
    assert [len(text) for text in texts] == [len(text) for text in new]
    order = sorted(range(len(texts)), key=lambda at: texts[at])
    assert [new[at] for at in order] == sorted(new)
    for one, other in zip(words, [with_examples(word, chosen) for word in words], strict=True):
        assert [one in text for text in texts] == [other in text for text in new]
    assert len({*chosen.values()}) == len(chosen) and not {*chosen.values()} & {*words}


PASSED_ON = "def test_x():\n    assert give({'rows': 120, 'a': 5}) == {'rows': 120, 'a': 5}\n    assert 90 < 250\n"


def test_a_number_changes_that_a_test_hands_in_and_gets_back(write_subject: WriteSubject) -> None:
    made = Constants().apply(shop(write_subject, test=PASSED_ON), Terms(1))
    new = text_of(made.subject, "tests/test_shop.py").split(",")[0].rsplit(" ", 1)[-1]
    assert 100 <= int(new) < 250 and new != "120"
    assert text_of(made.subject, "tests/test_shop.py") == PASSED_ON.replace("120", new)
    assert made.touched == {"tests/test_shop.py"} and new not in made.names, "a number in a transcript may be any"
    kept = Constants().apply(shop(write_subject, test=PASSED_ON), Terms(1, without=frozenset({"tests/test_shop.py"})))
    assert text_of(kept.subject, "tests/test_shop.py") == PASSED_ON


@pytest.mark.parametrize(
    "more",
    [
        "x = 120",
        "x = {'rows': 1_20}",
        "x = {120: 1}",
        "x = 120.5",
        "x = 'the 120th'",
        "x = f'{1}120'",
        "x = -120",
        "x = {y: 120}",
        "x = {'rows': [120]}",
    ],
)
def test_a_number_stays_that_stands_for_anything_else(write_subject: WriteSubject, more: str) -> None:
    made = made_of(shop(write_subject, test=f"{PASSED_ON}\n\n{more}\n"))
    assert PASSED_ON in text_of(made, "tests/test_shop.py")


def test_a_number_stays_whose_key_the_code_has_or_that_is_told_or_stands_once(write_subject: WriteSubject) -> None:
    in_code = shop(write_subject, code=CODE + "\n\ndef f(x):\n    return x['rows']\n", test=PASSED_ON)
    told = replace(shop(write_subject, test=PASSED_ON), instruction="There are 120 rows.")
    for each in (in_code, told):
        assert PASSED_ON in text_of(made_of(each), "tests/test_shop.py")
    once = "def test_x():\n    assert give({'rows': 120}) == {'rows': 12}\n"
    assert text_of(made_of(shop(write_subject, test=once)), "tests/test_shop.py") == once


@pytest.mark.parametrize(
    ("code", "messages"),
    [
        ("raise E('a b')", {"a b"}),
        ("raise E('a ' 'b', 1)", {"a b"}),
        ("raise E(f'a {x} b')", {"a {} b"}),
        ("raise E('a %s' % b)", {"a %s"}),
        ("raise E('a {}'.format(b))", {"a {}"}),
        ("raise E(text='a b')", {"a b"}),
        ("raise E(f('a b'))", set()),
        ("raise E", set()),
        ("assert x, 'a b'", {"a b"}),
        ("print('a b')", {"a b"}),
        ("self.logger.info('a b')", {"a b"}),
        ("self.store.info('a b')", set()),
        ("warnings.warn('a b')", {"a b"}),
        ("x = 'a b'", set()),
        ("class E(ValueError):\n  def f(self): super().__init__('a b')", {"a b"}),
        ("class E(Base):\n  def f(self): super().__init__('a b')", set()),
    ],
)
def test_messages_are_what_errors_logs_and_prints_say(code: str, messages: set[str]) -> None:
    assert {each.written for each in strings(cst.parse_module(code)) if each.role == "message"} == messages


def test_a_quote_is_a_part_from_word_to_word() -> None:
    assert quotes(r"2\.5 is", ["it: 2.5 is much"]) and not quotes("5 is", ["15 is"]) and not quotes(" ", ["a b"])


def test_turns_over_two_pieces_of_a_string_stay(write_subject: WriteSubject) -> None:
    made = made_of(shop(write_subject, code=CODE + "\n\ndef f():\n    raise ValueError('it is at ' 'least 2')\n"))
    assert "'it is at ' 'least 2'" in text_of(made) and "shall be at least 1" in text_of(made)


def test_nothing_to_change_is_refused(write_subject: WriteSubject) -> None:
    with pytest.raises(TwinRefused, match="nothing-to-change"):
        made_of(write_subject({"src/shop.py": "x = 'must'\n"}))
