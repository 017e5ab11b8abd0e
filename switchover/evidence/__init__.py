"""What the two ways of a move did, judged by limits."""
