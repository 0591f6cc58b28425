"""A run of a suite on the terminal: a line for each record, and the totals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from rich.console import Console
from rich.text import Text

_STYLES = {"correct": "green", "within 3": "cyan", "plausible": "yellow", "no fix": "red"}


@attrs.frozen
class Printer:
    """Prints entries of a run as they come."""

    console: Console

    def record(self, entry: Mapping[str, Any]) -> None:
        """One line: what became of a record, how long it took, and by which change."""
        word = _word(entry)
        line = Text()
        line.append(f"{word:<10}", _STYLES[word])
        line.append(f"{entry['id']:<40} {entry['seconds']:>7.1f} s {entry['candidates']:>6} tried  ")
        line.append(entry["operator"] or entry["outcome"])
        if entry["sure"]:
            line.append("  sure", "bold")
        self.console.print(line, soft_wrap=True)

    def totals(self, totals: Mapping[str, Any]) -> None:
        """The counts, the times and the operators of a run."""
        count = totals["records"]
        self.console.print(
            f"{count} records: {totals['plausible']} plausible, {totals['correct']} correct, "
            f"{totals['correct_within_3']} within the first three; "
            f"{totals['sure']} called sure, {totals['sure_correct']} of them correct.",
            soft_wrap=True,
            highlight=False,
        )
        self.console.print(
            f"Median {totals['median_seconds']:.1f} s, p95 {totals['p95_seconds']:.1f} s; "
            f"{totals['candidates']} candidates, {totals['candidates_per_second']:.1f} a second.",
            soft_wrap=True,
            highlight=False,
        )
        if totals["by_operator"]:
            named = ", ".join(f"{name} {number}" for name, number in totals["by_operator"].items())
            self.console.print(
                f"Correct by operator: {named}.", soft_wrap=True, highlight=False, markup=False
            )


def _word(entry: Mapping[str, Any]) -> str:
    if entry["correct"]:
        return "correct"
    if entry["correct_within_3"]:
        return "within 3"
    return "plausible" if entry["plausible"] else "no fix"
