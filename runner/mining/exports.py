"""Reads what trackers export: GitHub, GitLab, Jira, Bitbucket, or a plain table, as JSON or JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from runner.errors import FileProblem
from runner.mining.issues import Issue, Issues

ENDINGS = (".json", ".jsonl", ".ndjson")
FORMS = (
    "a list of issues as GitHub's, GitLab's or Bitbucket's API or `gh issue list --json number,title,body,labels` gives"
    " them, Jira's {issues: [...]} or {projects: [...]}, or {number: {title, body}}"
)
LARGEST = 512 * 1024 * 1024
"""Bytes of a file."""

Object = Mapping[str, object]


def read_issues(place: Path, comments: bool = False) -> Issues:
    """The issues in a file, or in all JSON files below a folder; `comments` are kept where they are asked for.

    Raises FileProblem: which file, where in it, and what would be right.
    """
    if place.is_dir():
        files = sorted(file for file in place.rglob("*") if file.suffix.lower() in ENDINGS and file.is_file())
        if not files:
            raise FileProblem(place, f"no {', '.join(ENDINGS)} file is in this folder; export issues into it")
    else:
        files = [place]
    known: dict[str, tuple[Issue, Path]] = {}
    for file in files:
        for issue in _issues(file, _parsed(file), comments):
            before, where = known.setdefault(issue.key, (issue, file))
            if (before.title, before.body) != (issue.title, issue.body):
                problem = f"another text for it is in {where}; leave one of them out"
                raise FileProblem(file, problem, f"issue {issue.key}")
    return Issues(issue for issue, _ in known.values())


def _parsed(file: Path) -> object:
    try:
        if file.stat().st_size > LARGEST:
            raise FileProblem(file, f"is larger than {LARGEST >> 20} MiB; export fewer issues")
        text = file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise FileProblem(file, "no such file") from None
    except UnicodeDecodeError as error:
        raise FileProblem(file, f"is not UTF-8 (byte {error.start}); export it as UTF-8") from None
    except OSError as error:
        raise FileProblem(file, f"cannot be read: {error.strerror}") from None
    if not text.strip():
        raise FileProblem(file, f"is empty; it should hold {FORMS}")
    lines = [line for line in text.splitlines() if line.strip()]
    if file.suffix.lower() != ".json" and len(lines) > 1:
        return [_json(file, line, f"line {number}") for number, line in enumerate(lines, start=1)]
    return _json(file, text, "")


def _json(file: Path, text: str, place: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise FileProblem(file, f"no valid JSON: {error}", place) from None
    except (RecursionError, ValueError) as error:
        raise FileProblem(file, f"no JSON that can be read: {error}", place) from None


def _issues(file: Path, data: object, comments: bool) -> Iterator[Issue]:
    """Every issue in a file's data, whatever its form."""
    said = _of_bitbucket(data) if comments else {}
    for place, each, key in _objects(file, data):
        issue = _issue(file, place, each, key, comments)
        more = said.get(str(each.get("id")), ()) if comments else ()
        yield Issue(**{**vars(issue), "comments": (*issue.comments, *more)}) if more else issue


def _objects(file: Path, data: object) -> Iterator[tuple[str, Object, str]]:
    """(where it is, issue, its key where the form gives one beside it)."""
    if isinstance(data, list):
        for at, each in enumerate(data):
            yield f"[{at}]", _object(file, f"[{at}]", each), ""
    elif isinstance(data, dict) and isinstance(data.get("projects"), list):
        for at, project in enumerate(data["projects"]):
            inside = _object(file, f"projects[{at}]", project).get("issues", [])
            for number, each in enumerate(_list(file, f"projects[{at}].issues", inside)):
                place = f"projects[{at}].issues[{number}]"
                yield place, _object(file, place, each), ""
    elif isinstance(data, dict) and (name := next((n for n in ("issues", "values", "items") if n in data), None)):
        for at, each in enumerate(_list(file, name, data[name])):
            yield f"{name}[{at}]", _object(file, f"{name}[{at}]", each), ""
    elif isinstance(data, dict) and ({"title", "body", "description", "fields", "number"} & data.keys()):
        yield "(top level)", data, ""
    elif isinstance(data, dict):
        for key, each in data.items():
            yield key, _object(file, key, each), key.lstrip("#")
    else:
        raise FileProblem(file, f"holds {_kind(data)}; it should hold {FORMS}", "(top level)")


def _issue(file: Path, place: str, each: Object, key: str, comments: bool) -> Issue:
    """One issue of any tracker. Raises FileProblem where it has no number or no title."""
    fields = each.get("fields")
    inner: Object = fields if isinstance(fields, dict) else each
    is_merge = "source_branch" in each and "iid" in each
    number = key or _first(each, "key", "iid", "number", "id")
    if not isinstance(number, str | int) or isinstance(number, bool) or not str(number).strip():
        problem = f"has no number; one of key, iid, number or id is needed; found {', '.join(each) or 'nothing'}"
        raise FileProblem(file, problem, place)
    title = _first(inner, "title", "summary")
    if not isinstance(title, str) or not title.strip():
        raise FileProblem(file, f"a title in words is needed; found {title!r:.80}", f"{place}.title")
    kind = _first(inner, "kind", "issueType", "issuetype", "issue_type")
    name = kind.get("name") if isinstance(kind, dict) else kind
    said = _first(inner, "comments", "comment", "notes") if comments else None
    address = _first(each, "html_url", "web_url", "url")
    return Issue(
        key=f"!{number}" if is_merge else str(number).strip(),
        title=title.strip(),
        body=_text(file, f"{place}.body", _first(inner, "body", "description", "content")),
        labels=tuple(_names(inner.get("labels"))),
        kind=name if isinstance(name, str) else "",
        comments=tuple(_comments(file, place, said)),
        url=address if isinstance(address, str) else "",
        is_change=is_merge or isinstance(each.get("pull_request"), dict) or "headRefName" in each,
    )


def _comments(file: Path, place: str, said: object) -> Iterator[str]:
    """The texts of an issue's comments; a count, or their address, is none."""
    inside = said.get("comments") if isinstance(said, dict) else said
    for at, each in enumerate(inside if isinstance(inside, list) else ()):
        body = _first(each, "body", "note", "content") if isinstance(each, dict) else each
        if text := _text(file, f"{place}.comments[{at}]", body):
            yield text


def _of_bitbucket(data: object) -> dict[str, list[str]]:
    """Issue's id → comments, which Bitbucket exports apart."""
    found: dict[str, list[str]] = {}
    apart = data.get("comments") if isinstance(data, dict) else None
    for each in apart if isinstance(apart, list) else ():
        if isinstance(each, dict) and isinstance(each.get("content"), str) and each["content"].strip():
            found.setdefault(str(each.get("issue")), []).append(each["content"])
    return found


def _text(file: Path, place: str, value: object) -> str:
    """A text as it is, Bitbucket's `{raw}`, or Jira's document as plain text; nothing for null."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("\r\n", "\n").strip()
    if isinstance(value, dict) and isinstance(value.get("raw"), str):
        return str(value["raw"]).replace("\r\n", "\n").strip()
    if isinstance(value, dict) and value.get("type") == "doc":
        return _document(value).strip()
    raise FileProblem(file, f"a text is needed; found {_kind(value)}", place)


def _document(root: Object) -> str:
    """A document of Jira Cloud (ADF) as Markdown, as far as an issue needs it. Depth costs no stack."""
    parts: list[str] = []
    todo: list[object] = [root]
    while todo:
        node = todo.pop()
        if isinstance(node, str):
            parts.append(node)
            continue
        if not isinstance(node, dict):
            continue
        kind = node.get("type")
        before, after = _AROUND.get(str(kind), ("", ""))
        text = node.get("text") if kind == "text" else None
        inside = node.get("content")
        todo.append(after)
        todo += reversed(inside) if isinstance(inside, list) else ()
        parts.append(before + (text if isinstance(text, str) else ""))
    return "".join(parts)


_AROUND = {
    "paragraph": ("", "\n\n"),
    "heading": ("## ", "\n\n"),
    "codeBlock": ("```\n", "\n```\n\n"),
    "listItem": ("- ", ""),
    "hardBreak": ("\n", ""),
    "blockquote": ("> ", ""),
    "rule": ("\n", "\n"),
}
"""Kind of a node → what stands before and after its content."""


def _first(each: Object, *names: str) -> object:
    return next((each[name] for name in names if each.get(name) is not None), None)


def _names(labels: object) -> Iterator[str]:
    nodes = labels.get("nodes", []) if isinstance(labels, dict) else labels
    for label in nodes if isinstance(nodes, Iterable) and not isinstance(nodes, str) else ():
        name = label.get("name") if isinstance(label, dict) else label
        if isinstance(name, str):
            yield name


def _object(file: Path, place: str, value: object) -> Object:
    if not isinstance(value, dict):
        raise FileProblem(file, f"an issue is an object with a number, a title and a body; found {_kind(value)}", place)
    return value


def _list(file: Path, place: str, value: object) -> list[object]:
    if not isinstance(value, list):
        raise FileProblem(file, f"a list of issues is needed; found {_kind(value)}", place)
    return value


def _kind(value: object) -> str:
    names = {
        dict: "an object",
        list: "a list",
        str: "a text",
        int: "a number",
        float: "a number",
        bool: "true or false",
    }
    return names.get(type(value), "null")
