#!/bin/sh
# Moves the site down to a phase of the migration: rollback.sh --to N. lib/main.sh does it; --help lists the options.
script=rollback
. "$(dirname "$0")/lib/main.sh"
main "$@"
