"""The client for programs that wait: made from `_async` by `sdks/generate.py`."""
