# Reads the files of a move's phases and then the operator's env file, and prints a keyword and what belongs to it on each line:
#
#   phase N, or "phase between"      the phase that the file is in
#   nearest TEXT                     if it is in none: the nearest one, and the flags that differ
#   missing-flag NAME                the file of the target phase does not set this flag
#   unclear LINE NAME                a line that not every reader of env files understands in the same way
#   change NAME NEW OLD              what is to be set
#   wrong-change NAME=NEW            a change that leads in the other direction
#   daphne OLD NEW, sse OLD NEW      USE_DAPHNE and SSE_ENABLED before and after
#   missing NAME                     a variable that the site or the target phase needs
#   https yes, name HOST, host HOST, port PORT     how the site is reached
#
# From the environment: operator_file, target (the phase to go to), direction (up or down), move (the name of another
# move than that of transports), last_phase.

# The value as the site reads it (django-environ, then gistagum/environment.py).
function unquoted(text) {
    if (text ~ /^\047.*\047$/) text = substr(text, 2, length(text) - 2)
    if (text ~ /^".*"$/) text = substr(text, 2, length(text) - 2)
    gsub(/^([ \t]|\302\240)+|([ \t]|\302\240)+$/, "", text) # also the blank that does not break
    return text
}

# true, false, a number, or text that is none of these
function flag(name,    text, named) {
    text = tolower(value[name])
    if (name ~ /_PERCENT$/) {
        if (text == "") {
            # Groups or callers without a percentage mean these alone.
            named = substr(name, 1, length(name) - length("PERCENT"))
            named = value[named "GROUPS"] value[named "CALLERS"]
            gsub(/[, ]/, "", named)
            return named == "" ? "100" : "0"
        }
        while (text ~ /^0[0-9]/) text = substr(text, 2)
        return text
    }
    # A site without any flags is in phase 0: its file holds the defaults.
    if (text == "") text = sets[0, name]
    return text == "1" ? "true" : text == "0" ? "false" : text
}

function is_number(text) { return text ~ /^[0-9][0-9]?[0-9]?$/ }

# Is it still that phase with this value, other than the one that it sets?
function is_alternative(phase, name, text,    limit) {
    if (!((phase, name) in alternative)) return 0
    if (split(alternative[phase, name], limit, /\.\./) < 2) return text == alternative[phase, name]
    return is_number(text) && text + 0 >= limit[1] + 0 && text + 0 <= limit[2] + 0
}

# up, down, or nothing where the change is neither
function direction_of(name, old, new) {
    if (move != "") {
        # Phase 0 has the old way: what leads to its values leads down.
        if (old == new || name ~ /_(SHADOW|PERCENT|GROUPS|CALLERS)$/) return ""
        return new == sets[0, name] ? "down" : "up"
    }
    if (old == new || (old != "true" && old != "false")) return ""
    if (name == "SSE_ENABLED") return new == "true" ? "down" : "up"
    if (name == "WEBSOCKET_SHADOW" || name == "WEBSOCKET_ROLLOUT_PERCENT") return ""
    return new == "true" ? "up" : "down"
}

function print_phase(    phase, i, many, name, name_of, found, nearest, fewest, differing, differences) {
    found = "between"
    fewest = 99
    for (phase = 0; phase <= last_phase; phase++) {
        # Phases 0 and 1 have the same flags; they differ in whether there is a Redis to use.
        if (move == "" && phase == 1 && value["REDIS_URL"] == "") continue
        differences = ""
        differing = 0
        many = split(names[phase], name_of, " ")
        for (i = 1; i <= many; i++) {
            name = name_of[i]
            if (flag(name) == sets[phase, name] || is_alternative(phase, name, flag(name))) continue
            differences = differences " " name "=" flag(name)
            differing++
        }
        # With everybody in the cohort both 4 and 5 fit; the higher one counts.
        if (!differing) found = phase
        else if (differing < fewest) {
            fewest = differing
            nearest = "like phase " phase " but for" differences
        }
    }
    print "phase", found
    print "nearest", nearest
}

function print_changes(target, direction,    i, many, name, name_of, old, new) {
    many = split(names[0], name_of, " ")
    for (i = 1; i <= many; i++) if (!((target, name_of[i]) in sets)) print "missing-flag", name_of[i]

    many = split(names[target], name_of, " ")
    for (i = 1; i <= many; i++) {
        name = name_of[i]
        old = flag(name)
        new = sets[target, name]
        if (name in unclear) print "unclear", unclear[name], name
        # A cohort that is smaller than the one which the phase begins with was chosen by an operator: never widen it.
        if (old == new || (is_alternative(target, name, old) && is_number(old) && old + 0 < new + 0)) new = old
        else print "change", name, new, old
        if (direction_of(name, old, new) && direction_of(name, old, new) != direction) print "wrong-change", name "=" new
        if (name == "USE_DAPHNE") print "daphne", old, new
        if (name == "SSE_ENABLED") print "sse", old, new
    }
    if ("REDIS_URL" in unclear) print "unclear", unclear["REDIS_URL"], "REDIS_URL"
}

function print_missing(target, direction, debug,    i, many, name_of) {
    # Without these two the site does not start, and the file may not be the env file of a site at all.
    if (!debug && value["SECRET_KEY"] == "") print "missing SECRET_KEY"
    if (!debug && value["ALLOWED_HOSTS"] == "") print "missing ALLOWED_HOSTS"
    many = direction == "up" ? split(needs[target], name_of, " ") : 0
    for (i = 1; i <= many; i++) if (value[name_of[i]] == "") print "missing", name_of[i]
}

function print_address(debug,    i, many, host) {
    if (value["HTTPS"] == "" ? !debug : tolower(value["HTTPS"]) !~ /^(false|0)$/) print "https yes"
    many = split(value["ALLOWED_HOSTS"], host, /[ ,]+/)
    # The last one printed counts, which is the first of the list.
    for (i = many; i >= 1; i--) {
        sub(/^[.]/, "", host[i])
        if (host[i] ~ /^[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*$/) host[i] = "[" host[i] "]"
        if (host[i] ~ /^[][A-Za-z0-9.:-]+$/) print "name", host[i]
    }
    print "host", value["HOST"]
    print "port", value["PORT"]
}

BEGIN {
    move = ENVIRON["move"]
    last_phase = ENVIRON["last_phase"] + 0
}

{ sub(/\r$/, "") }

FILENAME != ENVIRON["operator_file"] {
    phase = substr(FILENAME, length(FILENAME) - 4, 1)
    name = $0
    sub(/^# or /, "", name)
    sub(/=.*/, "", name)
    if ($0 ~ /^[A-Z][A-Z0-9_]*=/) {
        sets[phase, name] = unquoted(substr($0, length(name) + 2))
        names[phase] = names[phase] " " name
    }
    if ($0 ~ /^# or [A-Z][A-Z0-9_]*=/) alternative[phase, name] = substr($0, length(name) + 7)
    if ($0 ~ /^# needs /) needs[phase] = needs[phase] " " substr($0, 9)
    next
}

FNR == 1 { sub(/^\357\273\277/, "") } # the byte order mark of editors on Windows

match($0, /^[ \t]*(export[ \t]+)?[A-Za-z_0-9]+[ \t]*=/) {
    name = substr($0, RSTART, RLENGTH - 1)
    understood = name ~ /^(export )?[A-Za-z_0-9]+$/
    text = substr($0, RLENGTH + 1)
    sub(/^[ \t]*(export[ \t]+)?/, "", name)
    sub(/[ \t]+$/, "", name)
    if (understood) value[name] = unquoted(text)
    else if (!(name in unclear)) unclear[name] = FNR
}

END {
    debug = tolower(value["DEBUG"]) ~ /^(true|1)$/
    print_phase()
    print_changes(ENVIRON["target"], ENVIRON["direction"])
    print_missing(ENVIRON["target"], ENVIRON["direction"], debug)
    print_address(debug)
}
