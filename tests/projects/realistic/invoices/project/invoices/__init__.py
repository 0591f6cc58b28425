"""Invoices with taxes and instalments."""
