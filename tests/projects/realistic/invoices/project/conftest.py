from decimal import Decimal

import pytest

from invoices.invoice import Invoice, Item


@pytest.fixture
def invoice():
    made = Invoice("Ada")
    made.add([Item("desk", Decimal("250.00")), Item("book", Decimal("12.35"), 2, Decimal(7))])
    return made
