"""Social accounts: connecting, listing, defaults, revoking."""
