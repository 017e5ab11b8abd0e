"""The demo office: its accounts, its projects, and continuous changes."""
