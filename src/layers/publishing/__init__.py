"""The core: from an accepted publish to a post on its platform, at most once."""
