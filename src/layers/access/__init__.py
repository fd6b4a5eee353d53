"""Who is calling: organisations, keys, scopes, environments."""
