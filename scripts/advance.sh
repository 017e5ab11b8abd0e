#!/bin/sh
# Moves the site up to a phase of the migration: advance.sh --to N. All of it is in phase-lib.sh; --help says what it takes.
# shellcheck disable=SC2034
me=advance
. "$(dirname "$0")/phase-lib.sh"
main "$@"
