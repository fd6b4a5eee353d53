"""Webhooks: endpoints of callers hear what happened, each event until it was heard, in order, signed."""
