"""Takes the new way away from callers at run time, and gives it back."""
