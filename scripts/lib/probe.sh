# shellcheck shell=sh
# The running site: is it healthy, which server answers, does a stream speak.

# status_of [CURL'S OPTIONS] ADDRESS
status_of() {
    curl -q --silent --noproxy '*' --max-time "$(patience)" --config "$lock/site.curl" --output /dev/null \
        --write-out '%{http_code}' "$@" 2>/dev/null
}

wait_for_health() {
    until status=$(status_of "$health") && [ "$status" = 200 ]; do
        if past; then
            why="$health does not answer in time"
            [ "$status" = 000 ] || why="$health answers $status"
            return 1
        fi
        sleep 0.2
    done
}

# Where the site is asked, and the headers that a proxy would set.
address_site() {
    if [ -z "$health" ]; then
        case $host in
        '' | 0.0.0.0) host=127.0.0.1 ;;
        :: | '[::]') host='[::1]' ;;
        esac
        health=http://$host:${port:-8000}/health/
    fi
    site=${health%/health/}
    if [ "$site" = "$health" ]; then
        site=${health#*://}
        site=${health%%://*}://${site%%/*}
    fi
}

write_headers() {
    {
        case $https$site in yeshttp://*) echo 'header = "X-Forwarded-Proto: https"' ;; esac
        case $site in
        *://127.* | *://localhost | *://localhost:* | *://'['*) [ -z "$served" ] || echo "header = \"Host: $served\"" ;;
        esac
    } >"$lock/site.curl"
    # In a file, since everybody on the machine may read command lines.
    cat "$lock/site.curl" >"$lock/session.curl"
    [ -z "$cookie" ] || printf 'header = "Cookie: %s"\n' "$cookie" >>"$lock/session.curl"
}

# Which server answers: only Daphne knows what a handshake is. So a restart that changed nothing is noticed, and so is a
# flag that the real environment holds against the file.
check_server() {
    wanted=Gunicorn
    [ "${daphne#* }" != true ] || wanted=Daphne
    while :; do
        status=$(status_of --http1.1 --header 'Connection: Upgrade' --header 'Upgrade: websocket' \
            --header 'Sec-WebSocket-Version: 13' --header 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' "$site$SOCKET")
        case $status in
        101 | 403) server=Daphne ;;
        404) server=Gunicorn ;;
        *) say "a handshake at $SOCKET answers $status, which does not tell the server" && return 0 ;;
        esac
        if [ "$server" = "$wanted" ]; then
            say "$server answers"
            return 0
        fi
        # On the way down this may be the very trouble that one comes from: a proxy that lets no handshake through.
        if [ "$me" = rollback ] && [ "$wanted" = Daphne ]; then
            say "no handshake gets through to $SOCKET ($status): does a proxy drop it?"
            return 0
        fi
        if past; then
            why="$server still answers, not $wanted: was it restarted, does its environment hold USE_DAPHNE?"
            return 1
        fi
        sleep 0.3
    done
}

# Opens the stream of a page and waits for the first thing that it says.
check_stream() {
    why=''
    while :; do
        : >"$lock/head"
        : >"$lock/frames"
        curl -q --silent --noproxy '*' --no-buffer --max-time "$(patience 600)" --config "$lock/session.curl" \
            --dump-header "$lock/head" --output "$lock/frames" "$site$STREAM" 2>/dev/null &
        opened=$!
        while kill -0 "$opened" 2>/dev/null && ! past && ! grep -q -e '^data:' -e '^:' "$lock/frames"; do sleep 0.1; done
        kill "$opened" 2>/dev/null
        wait "$opened" 2>/dev/null
        opened=''
        status=$(sed -n 's/^HTTP[^ ]* \([0-9]*\).*/\1/p' "$lock/head" | tail -n 1)
        kind=$(tr -d '\r' <"$lock/head" | sed -n 's/^[Cc]ontent-[Tt]ype: *\([^ ;]*\).*/\1/p' | tail -n 1)
        case $status:$kind in
        200:text/event-stream)
            # What it says may be somebody's business; that it speaks is enough.
            if grep -q '^data:' "$lock/frames"; then event=event; elif grep -q '^:' "$lock/frames"; then event=heartbeat; fi
            [ -z "$event" ] || { say "a first $event came on the stream $STREAM" && return 0; }
            why="the stream $STREAM stays silent"
            ;;
        401:application/json)
            event='not seen'
            if [ -z "$cookie" ]; then
                say "the stream $STREAM asks for a session (401); no event was seen, since no --cookie was given"
                return 0
            fi
            why="the site does not know the session of --cookie"
            # A session that has run out is no reason to leave a site where it was in trouble.
            [ "$me" = advance ] || { say "$why (401); no event was seen" && return 0; }
            return 1
            ;;
        503:application/json)
            if [ "${sse#* }" = false ]; then
                event='not seen'
                say "the stream $STREAM is switched off (503), as SSE_ENABLED=false says"
                return 0
            fi
            why="the stream $STREAM answers 503"
            ;;
        :*) why=${why:-the stream $STREAM does not answer} ;;
        *) why="the stream $STREAM answers $status${kind:+ with $kind}" ;;
        esac
        past && return 1
        sleep 0.5
    done
}
