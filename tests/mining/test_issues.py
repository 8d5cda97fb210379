"""Exported issues of every tracker, what is wrong with a file, and which issue a message means."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from runner.errors import FileProblem
from runner.mining.exports import read_issues
from runner.mining.issues import Issue, Issues

TITLE, BODY = "Total is off", "Two items\n\ncount as one."
DOCUMENT = {
    "type": "doc",
    "version": 1,
    "content": [
        {"type": "paragraph", "content": [{"type": "text", "text": "Two items"}]},
        {"type": "paragraph", "content": [{"type": "text", "text": "count as one."}]},
    ],
}
NOTED = ("me too",)
FORMS = {
    "github": (
        [
            {
                "number": 12,
                "title": TITLE,
                "body": BODY.replace("\n", "\r\n"),
                "labels": [{"name": "bug"}],
                "comments": 3,
                "html_url": "https://github.com/a/b/issues/12",
            }
        ],
        Issue("12", TITLE, BODY, ("bug",), url="https://github.com/a/b/issues/12"),
    ),
    "gh": (
        [{"number": 12, "title": TITLE, "body": BODY, "labels": [{"name": "bug"}], "comments": [{"body": "me too"}]}],
        Issue("12", TITLE, BODY, ("bug",), comments=NOTED),
    ),
    "a pull request": (
        {"number": 12, "title": TITLE, "body": None, "labels": [], "pull_request": {"url": "x"}},
        Issue("12", TITLE, "", is_change=True),
    ),
    "gitlab": (
        [{"id": 9001, "iid": 12, "title": TITLE, "description": BODY, "labels": ["bug"], "web_url": "https://x/a"}],
        Issue("12", TITLE, BODY, ("bug",), url="https://x/a"),
    ),
    "a merge request": (
        [{"id": 9001, "iid": 12, "title": TITLE, "description": BODY, "source_branch": "fix"}],
        Issue("!12", TITLE, BODY, is_change=True),
    ),
    "jira search": (
        {
            "total": 1,
            "issues": [
                {
                    "id": "10001",
                    "key": "SHOP-12",
                    "fields": {
                        "summary": TITLE,
                        "description": DOCUMENT,
                        "labels": ["cart"],
                        "issuetype": {"name": "Bug"},
                        "comment": {"comments": [{"body": "me too"}]},
                    },
                }
            ],
        },
        Issue("SHOP-12", TITLE, BODY, ("cart",), "Bug", NOTED),
    ),
    "jira import": (
        {
            "projects": [
                {
                    "key": "SHOP",
                    "issues": [{"key": "SHOP-12", "summary": TITLE, "description": BODY, "issueType": "Bug"}],
                }
            ]
        },
        Issue("SHOP-12", TITLE, BODY, (), "Bug"),
    ),
    "bitbucket export": (
        {
            "issues": [{"id": 12, "title": TITLE, "content": BODY, "kind": "bug"}],
            "comments": [{"issue": 12, "content": "me too"}, {"issue": 13, "content": "no"}],
        },
        Issue("12", TITLE, BODY, (), "bug", NOTED),
    ),
    "bitbucket": (
        {"values": [{"id": 12, "title": TITLE, "content": {"raw": BODY, "html": "<p>"}, "kind": "bug"}]},
        Issue("12", TITLE, BODY, (), "bug"),
    ),
    "a plain table": ({"#12": {"title": TITLE, "body": BODY}}, Issue("12", TITLE, BODY)),
}


@pytest.mark.parametrize("form", FORMS)
def test_an_issue_is_read_whatever_the_tracker(tmp_path: Path, form: str) -> None:
    data, expected = FORMS[form]
    file = tmp_path / "issues.json"
    file.write_text(json.dumps(data), encoding="utf-8-sig")
    assert list(read_issues(file, comments=True)) == [expected]
    assert [issue.comments for issue in read_issues(file)] == [()], "comments discuss the fix"


def test_lines_and_folders_are_read_as_one_list(tmp_path: Path) -> None:
    lines = [json.dumps({"number": number, "title": f"Fault {number}"}) for number in (1, 2)]
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "more.ndjson").write_text("\n".join(lines) + "\n\n")
    (tmp_path / "issues.json").write_text(json.dumps({"3": {"title": "Fault 3"}, "2": {"title": "Fault 2"}}))
    (tmp_path / "notes.txt").write_text("none")
    assert sorted(issue.key for issue in read_issues(tmp_path)) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        ("", "", "is empty"),
        ("{", "", "no valid JSON"),
        pytest.param("[" * 100_000, "", "no JSON that can be read", id="deep"),
        ("7", "(top level)", "holds a number; it should hold a list of issues"),
        ('"x"', "(top level)", "holds a text"),
        ("null", "(top level)", "holds null"),
        ("[7]", "[0]", "found a number"),
        ('[{"number": 1, "title": "a"}, {"title": "b"}]', "[1]", "has no number"),
        ('[{"number": true, "title": "a"}]', "[0]", "has no number"),
        ('[{"number": 1}]', "[0].title", "a title in words is needed; found None"),
        ('[{"number": 1, "title": " "}]', "[0].title", "a title in words"),
        ('[{"number": 1, "title": "a", "body": ["b"]}]', "[0].body", "a text is needed; found a list"),
        ('{"issues": {"a": 1}}', "issues", "a list of issues is needed; found an object"),
        ('{"projects": [{"issues": [1]}]}', "projects[0].issues[0]", "found a number"),
        ('{"12": "text"}', "12", "found a text"),
    ],
)
def test_a_malformed_file_is_named_with_the_place(tmp_path: Path, text: str, where: str, says: str) -> None:
    file = tmp_path / "issues.json"
    file.write_text(text)
    with pytest.raises(FileProblem) as caught:
        read_issues(file)
    assert caught.value.path == file
    assert caught.value.key == where
    assert says in str(caught.value)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="no such file"):
        read_issues(tmp_path / "none.json")
    with pytest.raises(FileProblem, match="export issues into it"):
        read_issues(tmp_path)
    (tmp_path / "latin.json").write_bytes('{"1": {"title": "café"}}'.encode("latin-1"))
    with pytest.raises(FileProblem, match="is not UTF-8"):
        read_issues(tmp_path / "latin.json")
    (tmp_path / "lines.jsonl").write_text('{"number": 1, "title": "a"}\n{"number"\n')
    with pytest.raises(FileProblem, match="line 2: no valid JSON"):
        read_issues(tmp_path / "lines.jsonl")


def test_two_texts_for_one_issue_are_a_problem_and_the_same_twice_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"1": {"title": "a"}}')
    (tmp_path / "b.json").write_text('[{"number": 1, "title": "a"}]')
    assert len(read_issues(tmp_path)) == 1
    (tmp_path / "b.json").write_text('[{"number": 1, "title": "b"}]')
    with pytest.raises(FileProblem, match=r"another text for it is in .*a\.json"):
        read_issues(tmp_path)


def test_a_deep_document_costs_no_stack(tmp_path: Path) -> None:
    node: dict[str, object] = {"type": "text", "text": "deep"}
    for _ in range(400):
        node = {"type": "blockquote", "content": [node]}
    data = [{"key": "A-1", "summary": "a", "description": {"type": "doc", "content": [node]}}]
    (tmp_path / "a.json").write_text(json.dumps(data))
    [issue] = read_issues(tmp_path)
    assert issue.body.endswith("deep")


HERE = "https://github.com/shop/cart"
KNOWN = Issues(
    [
        Issue("12", "Total is off", "Two items count as one.", url=f"{HERE}/issues/12"),
        Issue("13", "Tax is off", "", url=f"{HERE}/issues/13"),
        Issue("40", "Fix total", "Fixes #12 as discussed in #13", is_change=True, url=f"{HERE}/pull/40"),
        Issue("41", "Fix tax", "No issue", is_change=True, url=f"{HERE}/pull/41"),
        Issue("SHOP-77", "Jira's", ""),
        Issue("!5", "A merge request", "Closes #13", is_change=True),
    ]
)


@pytest.mark.parametrize(
    ("message", "key"),
    [
        ("Fix total (#12)", "12"),
        ("Fix total\n\nSee #13. Fixes #12.", "12"),
        ("Fix total, closes #99, #13", "13"),
        ("Fix total\n\nResolves: shop/cart#12", "12"),
        ("Fix total\n\nFixes other/place#12", None),
        (f"Fix total\n\nFixes {HERE}/issues/12", "12"),
        (f"See {HERE}/issues/13 and fixes {HERE}/issues/12", "12"),
        ("Fixes https://github.com/other/place/issues/12", None),
        ("Fix GH-13", "13"),
        ("SHOP-77: fix total", "SHOP-77"),
        ("Fix https://jira.example.org/browse/SHOP-77", "SHOP-77"),
        ("Fix total (#40)", "12"),
        ("Fix tax (#41)", "41"),
        ("Merge branch 'x'\n\nSee merge request shop/cart!5", "13"),
        ("Fix total #99", None),
        ("Fix colour &#12; and foo#12bar", None),
        ("Read https://example.org/page#12", None),
        ("UTF-8 and C-12", None),
        ("", None),
    ],
)
def test_a_message_means_the_issue_that_it_closes_or_names(message: str, key: str | None) -> None:
    found = KNOWN.linked(message)
    assert (found.key if found else None) == key


@pytest.mark.parametrize("piece", ["http://", "a-", "A_", "#1 ", "fixes ", "a.b/", "https://a/b/issues/", "GH-"])
def test_looking_for_references_takes_little_time(piece: str) -> None:
    started = time.process_time()
    KNOWN.linked(piece * 100_000)
    assert time.process_time() - started < 5
