"""Shared types and their wire protocol; the only room that imports pycrdt. No IO."""
