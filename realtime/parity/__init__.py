"""What browsers report of what they got, and what comes of it."""
