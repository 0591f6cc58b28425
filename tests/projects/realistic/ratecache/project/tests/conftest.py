from datetime import date

import pytest

from rates.table import Table


@pytest.fixture
def table():
    return Table(
        {
            date(2024, 1, 2): {"USD": 1.1, "GBP": 0.88, "JPY": 155.0},
            date(2024, 1, 3): {"USD": 1.2},
        }
    )
