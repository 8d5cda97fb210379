"""Tool calls that a model or its server left as text: found so that they can be counted, never carried out."""

from __future__ import annotations

import re

_FORMS = (
    re.compile(r"<tool_call>\s*\{.*?\"name\"\s*:\s*\"([\w.-]+)\"", re.DOTALL),
    re.compile(r"<function=([\w.-]+)>"),
    re.compile(r"<invoke name=\"([\w.-]+)\">"),
    re.compile(r"<\|?tool[▁_]call[s]?[▁_]begin\|?>\s*(?:function<\|?tool[▁_]sep\|?>)?([\w.-]+)"),
    re.compile(r"\[TOOL_CALLS\]\s*\[?\s*\{.*?\"name\"\s*:\s*\"([\w.-]+)\"", re.DOTALL),
)
"""Hermes and Qwen, Qwen Coder, Anthropic's old XML, DeepSeek, Mistral."""


def calls_as_text(text: str) -> tuple[str, ...]:
    """The names of the tools that `text` seems to call, in no certain order.

    >>> calls_as_text('I look. <tool_call>{"name": "list_files", "arguments": {}}</tool_call>')
    ('list_files',)
    """
    return tuple(name for form in _FORMS for name in form.findall(text[:64_000]))
