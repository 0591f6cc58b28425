from decimal import Decimal

from invoices.invoice import Invoice, Item


def test_taxes(invoice):
    assert invoice.taxes == {Decimal(7): Decimal("1.73"), Decimal(19): Decimal("47.50")}


def test_gross(invoice):
    assert invoice.gross == Decimal("323.93")


def test_no_items():
    assert Invoice("Bob").gross == 0


def test_instalments(invoice):
    invoice.add([Item("pen", Decimal("0.06"), tax=Decimal(0))])
    assert invoice.instalments(3) == [Decimal("108.00"), Decimal("108.00"), Decimal("107.99")]
