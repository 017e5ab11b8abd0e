"""Load that is held, and crowds that come and go: what servers keep, and what they leave behind."""
