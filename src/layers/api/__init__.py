"""The HTTP kit: errors, envelope, idempotency, pagination. It knows HTTP and transactions, not what Layers does."""
