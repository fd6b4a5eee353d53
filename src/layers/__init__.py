"""Layers: a content publishing API. Never twice, never lost, always explained."""

__version__ = "0.1.0"
