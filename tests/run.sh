#!/usr/bin/env bash
# Runs test binaries, TEST_JOBS at a time (one for each processor), says one line each in their order, and adds up what they counted.
# Fails if any fails, says nothing, or checks nothing. One that hangs is ended, with all it started, and named.
set -u
seconds=${TEST_SECONDS:-120} jobs=${TEST_JOBS:-$(nproc)}
passed=0 failed=0 broken=0 running=0 told=0
binaries=("$@")
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT

run() { # number
    timeout --kill-after=10 "$seconds" "${binaries[$1]}" >"$folder/$1" 2>&1
    echo $? >"$folder/$1.code.new"
    mv "$folder/$1.code.new" "$folder/$1.code"
}

tell() { # number
    local binary=${binaries[$1]} output last code
    output=$(cat "$folder/$1") code=$(cat "$folder/$1.code")
    [ "$code" -ne 124 ] || output+=$'\n'"${binary##*/tests/}: not done after $seconds s"
    last=$(printf '%s\n' "$output" | tail -n 1)
    if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        passed=$((passed + BASH_REMATCH[1]))
        failed=$((failed + BASH_REMATCH[2]))
    elif [ "$code" -eq 0 ]; then
        output+="it did not say what it counted" code=1
    fi
    if [ "$code" -ne 0 ]; then
        broken=$((broken + 1))
        printf '%s\nFAILED %s (exit %d)\n' "$output" "$binary" "$code"
    else
        printf 'ok     %s: %s\n' "${binary##*/tests/}" "$last"
    fi
}

tell_ended() { # those whose turn it is
    while [ -e "$folder/$told.code" ]; do
        tell "$told"
        told=$((told + 1))
    done
}

for number in "${!binaries[@]}"; do
    if [ "$running" -ge "$jobs" ]; then
        wait -n
        running=$((running - 1))
        tell_ended
    fi
    run "$number" &
    running=$((running + 1))
done
wait
tell_ended
printf '%d passed, %d failed\n' "$passed" "$failed"
[ $broken -eq 0 ] && [ $failed -eq 0 ] && [ $passed -gt 0 ] && [ "$told" -eq "$#" ]
