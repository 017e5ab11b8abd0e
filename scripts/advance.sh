#!/bin/sh
# Moves the site up to a phase of the migration: advance.sh --to N. All of it is in lib/main.sh; --help says what it takes.
me=advance
. "$(dirname "$0")/lib/main.sh"
main "$@"
