"""Files on machines whose own encoding is not UTF-8, and what CI knows about them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ledger

SOURCE = Path(ledger.__file__).resolve().parents[1]
WORKFLOW = Path(__file__).resolve().parents[1] / ".github" / "workflows" / "ci.yml"
MARKS = {"plain": b"", "marked": b"\xef\xbb\xbf"}
FEED = [
    {
        "number": "RÜ-7",
        "issued": "2024-03-01",
        "currency": "EUR",
        "lines": [{"description": "Bücher “à la carte”", "unit_price_minor": 1000, "vat": "7"}],
    }
]
PAYMENTS = "id;received;amount;currency;reference\nZÄ1;2024-03-05;10.70;EUR;Grüße – RÜ-7 ✓\n"


def elsewhere(program, folder):
    """What a program prints on a machine whose encoding is ASCII."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
    environment.update(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONPATH=str(SOURCE))
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=folder, capture_output=True, text=True, timeout=20
    )
    return (done.stdout + done.stderr[-300:]).strip()


def workflow():
    """The lines of the workflow without comments."""
    lines = WORKFLOW.read_text(encoding="utf-8").splitlines()
    return [line for line in (re.sub(r"(^|\s)#.*", "", line).rstrip() for line in lines) if line]


@pytest.mark.parametrize("mark", sorted(MARKS))
def test_feed_is_read(tmp_path, mark):
    (tmp_path / "feed.json").write_bytes(MARKS[mark] + json.dumps(FEED, ensure_ascii=False).encode())
    program = """
from ledger import load_feed_file
(document,) = load_feed_file("feed.json")
print(ascii([document.number, document.lines[0].description]))
"""
    assert elsewhere(program, tmp_path) == ascii(["RÜ-7", "Bücher “à la carte”"])


@pytest.mark.parametrize("mark", sorted(MARKS))
def test_payments_are_read(tmp_path, mark):
    (tmp_path / "bank.csv").write_bytes(MARKS[mark] + PAYMENTS.encode())
    program = """
from ledger import load_payments
(payment,) = load_payments("bank.csv")
print(ascii([payment.ident, payment.reference, str(payment.amount)]))
"""
    assert elsewhere(program, tmp_path) == ascii(["ZÄ1", "Grüße – RÜ-7 ✓", "10.70 EUR"])


def test_statement_is_saved(tmp_path):
    program = r"""
from datetime import date
from ledger import Document, LineItem, Money, VatRate, build_statement
line = LineItem("Service", 1, Money.of(10, "EUR"), VatRate.of(0))
document = Document("R\u00dc-7 \u2713", date(2024, 3, 1), (line,))
build_statement([document], [], currency="EUR").save("statement.csv")
"""
    assert elsewhere(program, tmp_path) == ""
    lines = (tmp_path / "statement.csv").read_bytes().splitlines()
    assert lines == [
        b"date,type,number,debit,credit,balance",
        "2024-03-01,invoice,RÜ-7 ✓,10.00,,10.00".encode(),
    ]


def test_from_file_to_file(tmp_path):
    (tmp_path / "feed.json").write_text(json.dumps(FEED, ensure_ascii=False), encoding="utf-8")
    (tmp_path / "bank.csv").write_text(PAYMENTS, encoding="utf-8")
    program = """
from ledger import build_statement, load_feed_file, load_payments
build_statement(load_feed_file("feed.json"), load_payments("bank.csv"), currency="EUR").save("statement.csv")
"""
    assert elsewhere(program, tmp_path) == ""
    text = (tmp_path / "statement.csv").read_text(encoding="utf-8")
    assert [line.split(",")[2] for line in text.splitlines()] == ["number", "RÜ-7", "ZÄ1"]


def test_files_without_umlauts(tmp_path):
    record = FEED[0] | {"number": "INV-7", "lines": [{"description": "Books", "unit_price_minor": 1000, "vat": "7"}]}
    (tmp_path / "feed.json").write_text(json.dumps([record]), encoding="utf-8")
    program = "from ledger import load_feed_file; print(load_feed_file('feed.json')[0].totals().gross)"
    assert elsewhere(program, tmp_path) == "10.70 EUR"


def test_workflow_leaves_text_to_python():
    settings = r"PYTHONUTF8[\"']?\s*[:=]\s*[\"']?(1|true)|-X\s*utf8(?!=0)|PYTHONIOENCODING|\bLC_(ALL|CTYPE)\b"
    assert [line for line in workflow() if re.search(settings, line, re.IGNORECASE)] == []


def test_workflow_runs_as_much_as_before():
    text = "\n".join(workflow())
    wanted = ["ubuntu-latest", "windows-latest", "3.11", "3.12", "3.13", "python -m pytest"]
    assert [part for part in wanted if part not in text] == []
    assert re.search(r"^permissions:\n  contents: read$", text, re.MULTILINE)
    assert re.search(r"^  pull_request:", text, re.MULTILINE)
    assert "continue-on-error" not in text
    assert "--deselect" not in text and "--ignore" not in text
