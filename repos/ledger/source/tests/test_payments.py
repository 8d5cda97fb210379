from dataclasses import replace
from datetime import date

from ledger import Money, Payment, match_payments


def pay(ident, day, amount, reference=""):
    return Payment(ident, date(2024, 3, day), Money.of(amount, "EUR"), reference)


def test_reference_wins_over_age(make_invoice):
    documents = [make_invoice("INV-1", 1, "10"), make_invoice("INV-2", 2, "10")]
    result = match_payments(documents, [pay("P1", 9, "10", "thanks, inv-2!")])
    assert list(result.open) == ["INV-1"]
    assert result.settlements[0].invoice == "INV-2"


def test_reference_is_a_whole_word(make_invoice):
    documents = [make_invoice("INV-1", 1, "10"), make_invoice("INV-12", 2, "30")]
    result = match_payments(documents, [pay("P1", 9, "15", "INV-12")])
    assert result.open == {"INV-1": Money.of("10", "EUR"), "INV-12": Money.of("15", "EUR")}


def test_exact_amount_wins_over_age(make_invoice):
    documents = [make_invoice("INV-1", 1, "10"), make_invoice("INV-2", 2, "20")]
    result = match_payments(documents, [pay("P1", 9, "20")])
    assert list(result.open) == ["INV-1"]


def test_rest_goes_to_the_oldest(make_invoice):
    documents = [make_invoice("INV-2", 2, "20"), make_invoice("INV-1", 1, "10")]
    result = match_payments(documents, [pay("P1", 9, "5"), pay("P2", 10, "12")])
    assert result.open == {"INV-2": Money.of("13", "EUR")}
    assert [(item.source, item.invoice) for item in result.settlements] == [
        ("P1", "INV-1"),
        ("P2", "INV-1"),
        ("P2", "INV-2"),
    ]


def test_overpayment_is_unused(make_invoice):
    result = match_payments([make_invoice("INV-1", 1, "10")], [pay("P1", 9, "12")])
    assert result.open == {}
    assert result.unused == {"P1": Money.of("2", "EUR")}


def test_credit_note_settles_its_invoice_first(invoice):
    note = invoice.credit_note("CN-1", date(2024, 3, 9), invoice.lines[1:])
    result = match_payments([note, invoice], [pay("P1", 2, "119")])
    assert result.open == {}
    assert result.unused == {}
    assert [item.source for item in result.settlements] == ["CN-1", "P1"]


def test_excess_of_a_credit_note_is_unused(invoice, make_invoice):
    note = replace(invoice.credit_note("CN-1", date(2024, 3, 9)), corrects="INV-2")
    result = match_payments([make_invoice("INV-2", 1, "100"), note], [])
    assert result.unused == {"CN-1": Money.of("72.50", "EUR")}
