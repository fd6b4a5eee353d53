"""What happens, told as it happens to whoever listens: `GET /v1/events/stream`."""
