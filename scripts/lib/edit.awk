# The operator's file with the changes, on stdout; all else as it is, to the byte.

{
    line[NR] = $0
    sub(/^export /, "")
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
    for (i = 1; i < count; i++) print line[i]
    if (count) printf "%s%s", line[count], newline ? "\n" : ""
}
