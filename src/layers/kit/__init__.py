"""Small pure things: no I/O, no settings, no knowledge of Layers."""
