"""Partial edits: request objects whose fields default to `UNSET`, so that None can mean "empty this column"."""

from dataclasses import fields
from typing import TYPE_CHECKING, cast

from msgspec import UNSET, UnsetType

from driveflow_desktop.store.types import Value

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["UNSET", "UnsetType", "given"]


def given(changes: "DataclassInstance") -> dict[str, Value]:
    """The fields of a request that were set, by name."""
    values = ((each.name, getattr(changes, each.name)) for each in fields(changes))
    return {name: cast("Value", value) for name, value in values if value is not UNSET}
