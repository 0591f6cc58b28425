"""Pay slips as text."""

from __future__ import annotations

from collections.abc import Iterable

from payroll.model import Employee


def slip(employee: Employee) -> str:
    return f"{employee.name}: {employee.pay:.2f}"


def slips(employees: Iterable[Employee]) -> str:
    """All slips, one a line, by name."""
    return "\n".join(slip(each) for each in sorted(employees, key=lambda each: each.name))
