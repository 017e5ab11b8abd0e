# What is to be known of the operator's file and of the phases, as lines of a word and what it says.

# What the site would read there (django-environ, then gistagum/environment.py).
function bare(text) {
    if (text ~ /^\047.*\047$/) text = substr(text, 2, length(text) - 2)
    if (text ~ /^".*"$/) text = substr(text, 2, length(text) - 2)
    gsub(/^[ \t]+|[ \t]+$/, "", text)
    return text
}
# true, false, a number, or whatever cannot be understood
function flag(name,    text, groups) {
    text = tolower(value[name])
    if (name == "WEBSOCKET_ROLLOUT_PERCENT") {
        if (text == "") {
            # Groups alone mean these groups, not these and everybody else.
            groups = value["WEBSOCKET_ROLLOUT_GROUPS"]
            gsub(/[, ]/, "", groups)
            return groups == "" ? "100" : "0"
        }
        while (text ~ /^0[0-9]/) text = substr(text, 2)
        return text
    }
    # Phase 0 is what a site is without any flags: its file holds their defaults.
    if (text == "") text = sets[0, name]
    return text == "1" ? "true" : text == "0" ? "false" : text
}
function is_number(text) { return text ~ /^[0-9][0-9]?[0-9]?$/ }
# Does the phase take this beside the value that it sets?
function also(phase, name, text,    limit) {
    if (!((phase, name) in takes)) return 0
    if (split(takes[phase, name], limit, /\.\./) < 2) return text == takes[phase, name]
    return is_number(text) && text + 0 >= limit[1] + 0 && text + 0 <= limit[2] + 0
}
function moves(name, old, new) {
    if (old == new || (old != "true" && old != "false")) return ""
    if (name == "SSE_ENABLED") return new == "true" ? "down" : "up"
    if (name == "WEBSOCKET_SHADOW" || name == "WEBSOCKET_ROLLOUT_PERCENT") return ""
    return new == "true" ? "up" : "down"
}

{ sub(/\r$/, "") }
FILENAME != ENVIRON["mine"] {
    phase = substr(FILENAME, length(FILENAME) - 4, 1)
    name = $0
    sub(/^# or /, "", name)
    sub(/=.*/, "", name)
    if ($0 ~ /^[A-Z_]+=/) {
        sets[phase, name] = bare(substr($0, length(name) + 2))
        names[phase] = names[phase] " " name
    }
    if ($0 ~ /^# or [A-Z_]+=/) takes[phase, name] = substr($0, length(name) + 7)
    if ($0 ~ /^# needs /) needs[phase] = needs[phase] " " substr($0, 9)
    next
}
match($0, /^[ \t]*(export[ \t]+)?[A-Za-z_0-9]+[ \t]*=/) {
    name = substr($0, RSTART, RLENGTH - 1)
    exact = name ~ /^(export )?[A-Za-z_0-9]+$/
    text = substr($0, RLENGTH + 1)
    sub(/^[ \t]*(export[ \t]+)?/, "", name)
    sub(/[ \t]+$/, "", name)
    if (exact) value[name] = bare(text)
    else if (!(name in odd)) odd[name] = FNR
}
END {
    present = "between"
    fewest = 99
    for (phase = 0; phase <= 5; phase++) {
        # Phases 0 and 1 have the same flags. What tells them apart is whether there is a Redis to use.
        if (phase == 1 && value["REDIS_URL"] == "") continue
        wrong = ""
        many = split(names[phase], name_of, " ")
        differing = 0
        for (i = 1; i <= many; i++) {
            name = name_of[i]
            if (flag(name) == sets[phase, name] || also(phase, name, flag(name))) continue
            wrong = wrong " " name "=" flag(name)
            differing++
        }
        # Where everybody is in the cohort, both 4 and 5 fit; it is the higher one.
        if (!differing) present = phase
        else if (differing < fewest) {
            fewest = differing
            nearly = "like phase " phase " but for" wrong
        }
    }
    print "present", present
    print "nearly", nearly

    many = split(names[0], name_of, " ")
    for (i = 1; i <= many; i++) if (!((ENVIRON["to"], name_of[i]) in sets)) print "lacks", name_of[i]

    many = split(names[ENVIRON["to"]], name_of, " ")
    for (i = 1; i <= many; i++) {
        name = name_of[i]
        old = flag(name)
        new = sets[ENVIRON["to"], name]
        if (name in odd) print "odd", odd[name], name
        # A smaller cohort than the phase begins with is the choice of somebody, and no step may widen it.
        if (old == new || (also(ENVIRON["to"], name, old) && is_number(old) && old + 0 < new + 0)) new = old
        else print "change", name, new, old
        if (moves(name, old, new) && moves(name, old, new) != ENVIRON["way"]) print "against", name "=" new
        if (name == "USE_DAPHNE") print "daphne", old, new
        if (name == "SSE_ENABLED") print "sse", old, new
    }
    if ("REDIS_URL" in odd) print "odd", odd["REDIS_URL"], "REDIS_URL"

    debug = tolower(value["DEBUG"]) ~ /^(true|1)$/
    # Without these two the site does not start, and a file without them may not be the file of a site at all.
    if (!debug && value["SECRET_KEY"] == "") print "without SECRET_KEY"
    if (!debug && value["ALLOWED_HOSTS"] == "") print "without ALLOWED_HOSTS"
    many = ENVIRON["way"] == "up" ? split(needs[ENVIRON["to"]], name_of, " ") : 0
    for (i = 1; i <= many; i++) if (value[name_of[i]] == "") print "without", name_of[i]

    if (value["HTTPS"] == "" ? !debug : tolower(value["HTTPS"]) !~ /^(false|0)$/) print "https yes"
    many = split(value["ALLOWED_HOSTS"], name_of, /[ ,]+/)
    for (i = many; i >= 1; i--) {
        sub(/^[.]/, "", name_of[i])
        if (name_of[i] ~ /^[][A-Za-z0-9.:-]+$/) print "served", name_of[i] # the first is the last said
    }
    print "host", value["HOST"]
    print "port", value["PORT"]
}
