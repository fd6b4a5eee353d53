"""Projects and their approval policy. Archiving one cancels what it has queued."""
