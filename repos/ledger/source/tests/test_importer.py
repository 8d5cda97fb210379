import json
from datetime import date
from decimal import Decimal

import pytest

from ledger import FeedError, Kind, Money, load_feed, parse_document


def record(**changes):
    data = {
        "number": "INV-7",
        "type": "invoice",
        "issued": "2024-03-01",
        "currency": "EUR",
        "lines": [{"description": "Paper", "quantity": "3", "unit_price_minor": 420, "vat": "19"}],
    }
    return data | changes


def test_invoice():
    document = parse_document(record())
    assert document.number == "INV-7"
    assert document.issued == date(2024, 3, 1)
    assert document.kind is Kind.INVOICE
    assert document.totals().net == Money.of("12.60", "EUR")


@pytest.mark.parametrize(("currency", "net"), [("EUR", "12.60"), ("JPY", "1260"), ("KWD", "1.260")])
def test_prices_are_in_minor_units(currency, net):
    document = parse_document(record(currency=currency))
    assert document.totals().net == Money.of(net, currency)


def test_fractions_of_a_minor_unit():
    line = {"description": "Call", "unit_price_minor": "1.25", "vat": 19}
    document = parse_document(record(lines=[line]))
    assert document.lines[0].unit_price.amount == Decimal("0.0125")
    assert document.lines[0].quantity == 1


def test_discounts():
    data = record(discount_percent="5")
    data["lines"][0]["discount_percent"] = "10"
    document = parse_document(data)
    assert document.lines[0].amount == Money.of("11.34", "EUR")
    assert document.totals().discount == Money.of("0.57", "EUR")


def test_credit_note():
    document = parse_document(record(number="CN-7", type="credit_note", corrects="INV-7"))
    assert document.kind is Kind.CREDIT_NOTE
    assert document.corrects == "INV-7"
    assert document.totals().gross == Money.of("14.99", "EUR")


def test_feed():
    documents = load_feed(json.dumps([record(), record(number="INV-8")]))
    assert [document.number for document in documents] == ["INV-7", "INV-8"]


def test_duplicate_numbers():
    with pytest.raises(FeedError, match="INV-7: duplicate"):
        load_feed(json.dumps([record(), record()]))


@pytest.mark.parametrize("text", ["{", "{}", "[1]"])
def test_bad_feeds(text):
    with pytest.raises(FeedError):
        load_feed(text)


@pytest.mark.parametrize(
    "changes",
    [
        {"currency": "XXX"},
        {"issued": "yesterday"},
        {"type": "offer"},
        {"lines": []},
        {"lines": [{"description": "Paper", "vat": "19"}]},
        {"lines": [{"description": "P", "unit_price_minor": 1.5, "vat": "19"}]},
        {"corrects": "INV-6"},
    ],
)
def test_bad_documents_are_named(changes):
    with pytest.raises(FeedError) as caught:
        parse_document(record(**changes))
    assert caught.value.number == "INV-7"
