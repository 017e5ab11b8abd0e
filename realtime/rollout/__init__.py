"""Who gets which transport, and how far the migration is: grants, holds, phases, checklist."""
