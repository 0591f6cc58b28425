"""Time sheets: entries, how long they took, and a summary by project."""

from timelog.entries import Entry, parse_entry
from timelog.report import billable_hours, hours_by_project

__all__ = ["Entry", "billable_hours", "hours_by_project", "parse_entry"]
