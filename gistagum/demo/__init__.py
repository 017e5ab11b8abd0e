"""What the demo office has beside the demo of each application: its people write to each other."""
