"""Subscriptions and when they are renewed."""
