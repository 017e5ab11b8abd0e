#!/bin/sh
# Moves the site down to a phase of the migration: rollback.sh --to N. All of it is in lib/main.sh; --help says what it takes.
me=rollback
. "$(dirname "$0")/lib/main.sh"
main "$@"
