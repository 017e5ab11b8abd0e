# Prints an env file with the changes ("NAME=value NAME=value") in it; every other byte stays as it is.
# newline: whether the file ends with one.

NR == 1 && sub(/^\357\273\277/, "") { mark = "\357\273\277" } # the byte order mark of editors on Windows

{
    line[NR] = $0
    sub(/^export /, "")
    # The last of several lines for a variable is the one that counts.
    if (match($0, /^[A-Za-z_0-9]+=/)) last[substr($0, 1, RLENGTH - 1)] = NR
}

END {
    count = NR
    many = split(changes, change, " ")
    for (i = 1; i <= many; i++) {
        name = change[i]
        sub(/=.*/, "", name)
        if (name in last) {
            old = line[last[name]]
            line[last[name]] = (old ~ /^export / ? "export " : "") change[i] (old ~ /\r$/ ? "\r" : "")
        } else {
            line[++count] = change[i] (line[1] ~ /\r$/ ? "\r" : "")
            newline = 1
            if (count == NR + 1 && NR && line[1] ~ /\r$/ && line[NR] !~ /\r$/) line[NR] = line[NR] "\r"
        }
    }
    printf "%s", mark
    for (i = 1; i < count; i++) print line[i]
    if (count) printf "%s%s", line[count], newline ? "\n" : ""
}
