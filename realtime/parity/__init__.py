"""What browsers report about the events that they received, and the verdict on each transport."""
