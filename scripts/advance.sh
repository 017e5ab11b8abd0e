#!/bin/sh
# Moves the site up to a phase of the migration: advance.sh --to N. lib/main.sh does it; --help lists the options.
script=advance
. "$(dirname "$0")/lib/main.sh"
main "$@"
