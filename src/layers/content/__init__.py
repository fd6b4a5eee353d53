"""Containers: finished pieces of content, their media, and the approval they may need."""
