"""What starts the app and keeps it running. Only `serve` loads the app; the rest starts in milliseconds."""
