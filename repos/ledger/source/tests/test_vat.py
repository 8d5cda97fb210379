from ledger import Money, VatRate
from ledger.vat import group_by_rate, tax_in_gross, tax_on_net


def test_tax_on_net():
    assert tax_on_net(Money.of("100", "EUR"), VatRate.of(19)) == Money.of("19", "EUR")


def test_tax_on_net_rounds_to_the_cent():
    assert tax_on_net(Money.of("9.99", "EUR"), VatRate.of(19)) == Money.of("1.90", "EUR")
    assert tax_on_net(Money.of("0.50", "EUR"), VatRate.of(19)) == Money.of("0.10", "EUR")


def test_tax_in_gross():
    assert tax_in_gross(Money.of("119", "EUR"), VatRate.of(19)) == Money.of("19", "EUR")
    assert tax_in_gross(Money.of("0.75", "GBP"), VatRate.of(20)) == Money.of("0.13", "GBP")


def test_yen_have_no_fractions():
    assert tax_on_net(Money.of("1234", "JPY"), VatRate.of(10)) == Money.of("123", "JPY")


def test_zero_rate():
    assert tax_on_net(Money.of("100", "EUR"), VatRate.of(0)).is_zero
    assert tax_in_gross(Money.of("100", "EUR"), VatRate.of(0)).is_zero


def test_groups_start_with_the_highest_rate():
    groups = group_by_rate(
        {VatRate.of(7): Money.of("10", "EUR"), VatRate.of(19): Money.of("20", "EUR")},
        include_tax=False,
    )
    assert [str(group.rate) for group in groups] == ["19%", "7%"]
    assert groups[0].gross == Money.of("23.80", "EUR")


def test_gross_groups_keep_their_gross():
    (group,) = group_by_rate({VatRate.of(19): Money.of("10", "EUR")}, include_tax=True)
    assert group.gross == Money.of("10", "EUR")
    assert group.net == Money.of("8.40", "EUR")
