# shellcheck shell=sh
# Probing the site: whether it is healthy, which server answers, and whether a stream sends anything.

STREAM=/projeng/api/realtime/events/
SOCKET=/ws/events/

# Sets $server_host to the host at which this machine reaches a server that listens at HOST, as it stands in a URL
# (gistagum/listening.py does the same for the site).
read_host() {
    plain=$server_host
    case $plain in
    '['*:*']') plain=${plain#?} plain=${plain%?} ;;
    esac
    case $plain in *[!0-9A-Za-z.:-]*) refuse "HOST is '$server_host' in $env_file; it may be a host name or an address" ;; esac
    case $plain in
    '' | 0.0.0.0) server_host=127.0.0.1 ;;
    *[!0:]*:* | *:*[!0:]*) server_host="[$plain]" ;;
    *:*) server_host='[::1]' ;; # zeros alone: every address
    *) server_host=$plain ;;
    esac
}

# Sets $health_url, unless --health did, $site_url, and $site_asked_directly.
find_site() {
    site_asked_directly=''
    if [ -z "$health_url" ]; then
        read_host
        health_url=http://$server_host:${server_port:-8000}/health/
        site_asked_directly=1
    fi
    site_url=${health_url%/health/}
    if [ "$site_url" = "$health_url" ]; then
        site_url=${health_url#*://}
        site_url=${health_url%%://*}://${site_url%%/*}
    fi
}

# Writes curl's options into files: the headers that a proxy would set, and the session. Everybody on the machine can
# read command lines, but not these files.
write_curl_options() {
    {
        case $site_https$site_url in yeshttp://*) echo 'header = "X-Forwarded-Proto: https"' ;; esac
        case $site_asked_directly$site_url in
        1* | *://127.* | *://localhost | *://localhost:* | *://'['*)
            [ -z "$site_name" ] || echo "header = \"Host: $site_name\""
            ;;
        esac
    } >"$lock/site.curl"
    cat "$lock/site.curl" >"$lock/session.curl"
    [ -z "$cookie" ] || printf 'header = "Cookie: %s"\n' "$cookie" >>"$lock/session.curl"
}

# http_status [CURL'S OPTIONS] URL: prints the status, and writes what was answered to the file "answer" in the lock.
http_status() {
    curl -q --silent --noproxy '*' --max-time "$(request_timeout)" --config "$lock/site.curl" --output "$lock/answer" \
        --write-out '%{http_code}' "$@" 2>/dev/null
}

# What the site says of its database, such as " (database: read-only)". A proxy's page says nothing.
words_of_health() {
    in_c_locale sed -n '1s/^\(database: [a-zA-Z0-9 ._-]\{1,60\}\)$/ (\1)/p' "$lock/answer" 2>/dev/null
}

wait_for_health() {
    attempt=0
    until status=$(http_status "$health_url") && [ "$status" = 200 ]; do
        if deadline_passed; then
            problem="$health_url does not answer in time"
            [ "$status" = 000 ] || problem="$health_url answers $status$(words_of_health)"
            return 1
        fi
        attempt=$((attempt + 1))
        pause "$attempt" 0.2
    done
}

# Only Daphne answers a WebSocket handshake. So this check notices a restart that changed nothing, and a flag in the real
# environment that overrides the file.
check_server() {
    wanted=Gunicorn attempt=0
    [ "$daphne_after" != true ] || wanted=Daphne
    while :; do
        status=$(http_status --http1.1 --header 'Connection: Upgrade' --header 'Upgrade: websocket' \
            --header 'Sec-WebSocket-Version: 13' --header 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' \
            "$site_url$SOCKET")
        case $status in
        101 | 403) server=Daphne ;;
        404) server=Gunicorn ;;
        *) info "a handshake at $SOCKET answers $status, which does not tell the server" && return 0 ;;
        esac
        if [ "$server" = "$wanted" ]; then
            info "$server answers"
            return 0
        fi
        # A proxy that drops handshakes may be the very reason for a rollback.
        if [ "$script" = rollback ] && [ "$wanted" = Daphne ]; then
            info "no handshake gets through to $SOCKET ($status): does a proxy drop it?"
            return 0
        fi
        if deadline_passed; then
            problem="$server still answers, not $wanted: was it restarted, does its environment hold USE_DAPHNE?"
            return 1
        fi
        attempt=$((attempt + 1))
        pause "$attempt" 0.3
    done
}

# Opens the stream of a page and waits until it sends anything, for a second at least. Sets $status and $content_type, and
# writes what came to the file "frames" in the lock.
open_stream() {
    : >"$lock/head"
    : >"$lock/frames"
    limit=$(request_timeout 600)
    until=$(($(now) + limit))
    curl -q --silent --noproxy '*' --no-buffer --max-time "$limit" --config "$lock/session.curl" \
        --dump-header "$lock/head" --output "$lock/frames" "$site_url$STREAM" 2>/dev/null &
    stream_pid=$!
    look=0
    while kill -0 "$stream_pid" 2>/dev/null && [ "$(now)" -lt "$until" ] &&
        ! grep -q -e '^data:' -e '^:' "$lock/frames"; do
        look=$((look + 1))
        pause "$look" 0.1
    done
    kill "$stream_pid" 2>/dev/null
    wait "$stream_pid" 2>/dev/null
    stream_pid=''
    status=$(sed -n 's/^HTTP[^ ]* \([0-9]*\).*/\1/p' "$lock/head" | tail -n 1)
    content_type=$(tr -d '\r' <"$lock/head" | sed -n 's/^[Cc]ontent-[Tt]ype: *\([^ ;]*\).*/\1/p' | tail -n 1)
}

check_stream() {
    problem='' attempt=0
    while :; do
        open_stream
        case $status:$content_type in
        200:text/event-stream)
            # The contents may be private; that something is sent is enough.
            if grep -q '^data:' "$lock/frames"; then event=event; elif grep -q '^:' "$lock/frames"; then event=heartbeat; fi
            [ -z "$event" ] || { info "a first $event came on the stream $STREAM" && return 0; }
            problem="the stream $STREAM stays silent"
            ;;
        401:application/json)
            event='not seen'
            if [ -z "$cookie" ]; then
                info "the stream $STREAM asks for a session (401); no event was seen, since no --cookie was given"
                return 0
            fi
            problem="the site does not know the session of --cookie"
            # An expired session must not undo a rollback.
            [ "$script" = advance ] || { info "$problem (401); no event was seen" && return 0; }
            return 1
            ;;
        503:application/json)
            if [ "$sse_after" = false ]; then
                event='not seen'
                info "the stream $STREAM is switched off (503), as SSE_ENABLED=false says"
                return 0
            fi
            problem="the stream $STREAM answers 503"
            ;;
        :*) problem=${problem:-the stream $STREAM does not answer} ;;
        *) problem="the stream $STREAM answers $status${content_type:+ with $content_type}" ;;
        esac
        deadline_passed && return 1
        attempt=$((attempt + 1))
        pause "$attempt" 0.5
    done
}
