"""Who may see what: accounts, the audience rule, and what a viewer may see right now."""
