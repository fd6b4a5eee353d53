"""The client for asyncio. `_sync` is the same text without `async` and `await`."""
