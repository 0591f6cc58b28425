"""Laying one mapping over another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Both mappings as a new one: values of the upper one win, and mappings in both are merged
    in turn. Neither of the two is changed."""
    merged = dict(under)
    update(merged, over)
    return merged


def update(target: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Lay values over a mapping, which is changed."""
    for key, value in values.items():
        mine = target.get(key)
        if isinstance(mine, dict) and isinstance(value, Mapping):
            update(mine, value)
        else:
            target[key] = value
