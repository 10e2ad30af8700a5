"""The shared types that documents are built of; the only way for other rooms to reach them."""

from __future__ import annotations

from pycrdt import Array, ArrayEvent, Map, MapEvent, Subscription, Text, TextEvent

__all__ = ["Array", "ArrayEvent", "Map", "MapEvent", "Subscription", "Text", "TextEvent"]
