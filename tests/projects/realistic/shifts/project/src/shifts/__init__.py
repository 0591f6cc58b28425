"""Shifts in a time zone that changes its clocks."""
