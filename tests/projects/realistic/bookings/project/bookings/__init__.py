"""Rooms and stays of a small house."""
