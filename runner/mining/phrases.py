"""How reports speak of a fix, and of what only people of the project need: patterns for `runner.mining.cleaning`.

None takes more than linear time: what repeats is bounded or cannot begin within a word.
"""

from __future__ import annotations

import re


def _words(*alternatives: str) -> re.Pattern[str]:
    """One of these, as whole words, whatever their case."""
    return re.compile(rf"\b(?:{'|'.join(alternatives)})\b", re.IGNORECASE)


FENCE = re.compile(r" {0,3}(?P<mark>`{3,}|~{3,})\s*(?P<info>[^`]*)")
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
HIDDEN = re.compile(
    r"!\[[^\]\n]{0,500}\](?:\([^)\n]{0,2000}\)|\[[^\]\n]{0,500}\])"
    r"|<img\b[^>]{0,2000}>|</?(?:details|summary|br|p|div|sub|sup)\b[^>]{0,500}>",
    re.IGNORECASE,
)
"""Images and the tags around them."""
TRAILER = re.compile(
    r"(?:[A-Z]\w{0,30}(?:-\w{1,30}){0,4}-(?:[Bb]y|[Tt]o|[Ii]d|RevId|[Ff]rom)"
    r"|Refs?|Fixes|Closes|Resolves|Bug|BUG|Issue|Ticket|PR|Link|See[- ]also|Cc|CC|Test(?:s|ed)?|Reviewers?"
    r"|Differential Revision|git-svn-id|Release-Notes?)\s*:\s*(?=\S).*"
    r"|\(cherry picked from commit \w+\)|\s{0,8}[*-]\s+wip\b.*"
)
PEOPLE = re.compile(
    r"\s{0,8}(?:(?:/?cc|thanks|thank you|thx|ping|kudos|credits?(?: to)?|h/t|hat tip)\b.*|(?:@[\w-]+[ ,]*)+)",
    re.IGNORECASE,
)
TICK = re.compile(r"\s{0,8}[-*]\s+\[[ xX]\]\s.*")
HEADING = re.compile(r"(?P<level>#{1,6})\s+(?P<name>[^\n]*)|\*\*(?P<bold>[^*\n]{1,200}?):?\*\*:?\s*")
UNWANTED = re.compile(
    r"(?:(?:possible|proposed|suggested|potential|describe (?:the|your)|my|the) )*(?:"
    + "|".join(
        (
            r"solutions?",
            r"fix(?:es)?",
            r"patch",
            r"root cause|cause|analysis|diagnosis",
            r"implementation(?: details)?",
            r"changes?(?: made)?",
            r"what (?:was )?(?:changed|this pr does).*",
            r"how (?:has|was|did) (?:this|you|it).*test.*",
            r"tests?(?:ing)?(?: plan| instructions)?",
            r"type of change.*",
            r"check ?list.*|pull request.*checklist",
            r"related (?:issues?|prs?).*|linked issues?|references?|links?",
            r"screenshots?.*",
            r"reviewers?|(?:before|after) (?:submitting|merging).*",
            r"alternatives?.*",
            r"release notes?|changelog.*|breaking changes?.*",
            r"todo",
        )
    )
    + r")[\W_]*",
    re.IGNORECASE,
)
"""Names of sections that tell the fix, or how the change was made."""
EMPTY = re.compile(r"[\W_]*(?:no response|n/?a|none|nothing|tbd|todo)?[\W_]*", re.IGNORECASE)
DIFF_START = re.compile(r"diff --git |Index: |--- [ab/]|\+\+\+ [ab/]|@@ -\d")
DIFF_LINE = re.compile(r"[-+ @\\]|diff |index |Index:|={5,}|new file|deleted file|old mode|new mode|similarity|rename ")

_KINDS = "simple|easy|quick|possible|proposed|suggested|obvious|correct|right|proper|real|one[- ]line"
_JUST = "(?:(?:just|simply|only|probably) )?"
SOLVES = _words(
    r"(?:was|is|are|be|been|gets?|got) (?:now )?(?:fixed|solved|resolved|corrected) (?:by|with|in|through)",
    r"(?:fix(?:e[sd])?|solve[sd]?|resolve[sd]?) (?:this|it|that|the (?:problem|issue|bug)) (?:by|with|through)",
    rf"(?:(?:the|an?|my|one|this|{_KINDS}) )(?:(?:{_KINDS}) )?(?:fix|solution|patch|remedy)",
    rf"(?:we|you|it|one|this|i) (?:should|could|can|needs? to|must|might|have to|may) {_JUST}"
    r"(?:change|replace|use|add|remove|call|check|pass|move|rename|set|wrap|convert|switch|be (?:changed|replaced))",
    rf"should {_JUST}be (?:changed|replaced|moved|renamed|wrapped|rewritten) (?:to|by|with|into|as|in)",
    r"(?:i|we)(?: have|'ve)? (?:fixed|changed|replaced|patched|added|removed|switched|modified|moved)",
    r"(?:this|the|my) (?:pr|commit|patch|mr|change|changeset|pull request|merge request|diff)",
    r"(?:changing|replacing|adding|removing|moving|using|swapping|wrapping) .{0,80}\b(?:fixes|solves|resolves|helps)",
)
"""A sentence that says what to change, or what was changed."""
DIAGNOSES = _words(
    r"root cause|caused by|because|culprit|due to|offending|introduced|instead|line \d+",
    r"the (?:problem|bug|issue|error|fault) (?:is|lies|was|seems|comes)",
    r"looks like|it seems",
    r"should (?:use|call|have|be)",
)
"""A sentence that gives the fix away where it names something of it."""
IMPERATIVE = re.compile(
    r"[\W_]{0,8}(?:now,? |instead,? |also )?(?:"
    r"(?:use|replace|change|move|rename|store|compare|introduce|update|delete|override|wrap|extract|import|convert|call|"
    r"swap|add|set|return|check|remove|refactor|inline|initiali[sz]e|make|simplify|rewrite|drop|skip|tweak)(?:s|d|ed)?|"
    r"using|adding|switch(?:e[sd])?|pass(?:es|ed)?|copy|copies|simplifie[sd]|dropped|skipped|swapped|wrapped|tests? for"
    r")\b",
    re.IGNORECASE,
)
"""How a sentence begins that says what a commit does, and not what was wrong."""

LINK = re.compile(r"\[(?P<text>[^\]\[\n]{0,500})\]\((?P<url>[^)\s]{1,2000})(?:\s+\"[^\"\n]{0,200}\")?\)")
TRACKER = re.compile(
    r"<?https?://[^\s<>()]{0,500}?(?:"
    r"/(?:issues|pulls?|merge_requests|pull-requests|commits?|compare|blob|tree|browse|changeset|diff|raw|discussions|rev)/"
    r"|gist\.github|user-images|user-attachments|lore\.kernel|bugzilla|/show_bug)[^\s<>()]*>?",
    re.IGNORECASE,
)
NUMBER = r"(?:[\w.-]{1,80}(?:/[\w.-]{1,80})?)?[#!]\d+\b|\bGH-\d+\b|\b[A-Z][A-Z0-9]{1,9}-\d+\b(?!\S*\.\d)"
_SEVERAL = rf"(?:{NUMBER})(?:\s*(?:,|and|&)\s*(?:{NUMBER})){{0,20}}"
_LEADS = (
    r"(?:fix(?:e[sd])?|close[sd]?|resolve[sd]?|refs?|see(?: also)?|addresses|related to|part of|"
    r"duplicate of|issue|bug|pr)"
)
CLAUSE = re.compile(
    rf"[(\[]?\b(?:{_LEADS}\b:?\s+){{1,3}}{_SEVERAL}[)\]]?|[(\[]{_SEVERAL}[)\]]"
    rf"|(?<=[.!?])\s{{1,8}}{_SEVERAL}(?=\s{{0,8}}$)"
    r"|:\w{1,12}:`[#!]?\d+`|\{\w{1,12}\}`[#!]?\d+`",
    re.IGNORECASE,
)
"""A number with the word before it, in brackets, or after the end: the sentence is whole without it."""
REFERENCE = re.compile(rf"(?<![\w&/.-])(?:{NUMBER})")
"""A number in the middle of a sentence."""
CODE = re.compile(r"(`[^`\n]{1,500}`)")
ROLE = re.compile(r":[a-z:]{1,20}:`~?([^`\n]{1,200})`")
"""A role of reStructuredText, as in :class:`Group`."""
COMMIT = re.compile(
    r"(?:\b(?:commit|changeset|revision|rev)\s+)?`?\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,40}\b`?", re.IGNORECASE
)
MENTION = re.compile(r"(?<![\w.`/@])@(?P<name>[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){0,38})\b(?![.(/])")
POINTER = re.compile(
    r"`?(?<![\w./-])(?P<path>[\w./-]{1,200}\.\w{1,5})(?::|#L|, line |\s+(?:on |at )?line\s+)L?\d+(?:[-:]L?\d+){0,2}`?"
)
SENTENCE_END = re.compile(r"(?<=[.!?])(?P<space>\s+)(?=[A-Z`\"'(\d*])")
DECORATORS = frozenset(
    {"property", "staticmethod", "classmethod", "dataclass", "pytest", "cached_property", "override"}
)
"""What is no person behind an `@`."""
