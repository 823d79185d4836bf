"""What every script needs, and nothing that knows an image."""
