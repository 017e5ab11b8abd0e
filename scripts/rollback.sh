#!/bin/sh
# Moves the site down to a phase of the migration: rollback.sh --to N. All of it is in phase-lib.sh; --help says what it takes.
# shellcheck disable=SC2034
me=rollback
. "$(dirname "$0")/phase-lib.sh"
main "$@"
