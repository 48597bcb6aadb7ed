#!/usr/bin/env bash
# Runs test binaries one after the other, says one line each, and adds up what they counted.
# Fails if any fails, says nothing, or checks nothing. One that hangs is ended, with all it started, and named.
set -u
seconds=${TEST_SECONDS:-120}
passed=0 failed=0 broken=0
for binary in "$@"; do
    output=$(timeout --kill-after=10 "$seconds" "$binary" 2>&1)
    code=$?
    [ $code -ne 124 ] || output+=$'\n'"${binary##*/tests/}: not done after $seconds s"
    last=$(printf '%s\n' "$output" | tail -n 1)
    if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        passed=$((passed + BASH_REMATCH[1]))
        failed=$((failed + BASH_REMATCH[2]))
    fi
    if [ $code -ne 0 ]; then
        broken=$((broken + 1))
        printf '%s\nFAILED %s (exit %d)\n' "$output" "$binary" "$code"
    else
        printf 'ok     %s: %s\n' "${binary##*/tests/}" "$last"
    fi
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ $broken -eq 0 ] && [ $failed -eq 0 ] && [ $passed -gt 0 ]
