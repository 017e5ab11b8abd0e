"""Projects from a CSV file: read and checked as a whole, then written as a whole."""
