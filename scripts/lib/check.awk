# Prints the first line of an env file that the site refuses to read, and why (gistagum/env_file.py):
#
#   LINE REASON
#
# Its input is the file with each NUL replaced by \001 and each \001 by \002, since not every awk reads NUL. Run it in the C
# locale, in which a character is a byte.

function refuse(reason) {
    print NR, reason
    exit
}

{
    sub(/\r$/, "")
    if (NR == 1 && /^(\377\376|\376\377)/) refuse("is UTF-16; save the file as UTF-8")
    if (NR == 1) sub(/^\357\273\277/, "")
    if (/\001/) refuse("holds a NUL byte; save the file as UTF-8")
    if (/\r/) refuse("holds a carriage return; end lines as on Unix or on Windows")
    if (/^[ \t]*#/) next
    text = $0
    gsub(/\360[\220-\277][\200-\277][\200-\277]/, "x", text)
    gsub(/[\361-\363][\200-\277][\200-\277][\200-\277]/, "x", text)
    gsub(/\364[\200-\217][\200-\277][\200-\277]/, "x", text)
    gsub(/\340[\240-\277][\200-\277]/, "x", text)
    gsub(/[\341-\354\356\357][\200-\277][\200-\277]/, "x", text)
    gsub(/\355[\200-\237][\200-\277]/, "x", text)
    gsub(/[\302-\337][\200-\277]/, "x", text)
    if (text ~ /[\200-\377]/) refuse("is not UTF-8; save the file as UTF-8")
    # U+0085, U+2028 and U+2029 end a line for some programs.
    if (/[\001-\010\013-\037\177]|\302\205|\342\200[\250\251]/) refuse("holds a control character; remove it")
}
