"""Who gets which transport, and how far the migration is: flags, demotions, phases, checklist."""
