"""What tasks that read texts share: tokens of a text or of two, and documents beyond the window."""
