"""The demo office: its people, its projects, and changes that never end."""
