"""Import of projects from a CSV file. The whole file is validated, then written in one transaction."""
