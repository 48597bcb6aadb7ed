#!/usr/bin/env bash
# Plants known bugs, one at a time, into a copy of the tree: the simulator must catch each, and must find the
# unharmed copy well. A plant is a file in tests/sim/plants: its first line says what it breaks, the rest is a
# sed script for the file named in its second line ("# FILE").
set -u
cd "$(dirname "$0")/../.." || exit 1
work=build/proof
rm -rf "$work"
mkdir -p "$work"
git ls-files -z -- base notifier routes schemas tests/sim tests/torture tests/test.h Makefile mk | xargs -0 cp --parents -t "$work"
passed=0 failed=0
run() { : >"$work/out"; make -s -C "$work" -j2 WERROR=no CFLAGS=-O1 build/tests/sim/sim >"$work/log" 2>&1 || { tail -5 "$work/log"; return 2; }
        "$work/build/tests/sim/sim" --lives 900 >"$work/out" 2>&1; }
say() { printf '%-10s %s\n' "$1" "$2"; }
if run; then passed=$((passed + 1)); say well "the tree as it is"; else failed=$((failed + 1)); say BROKEN "the tree as it is: $(grep -m1 seed "$work/out")"; fi
for plant in tests/sim/plants/*.sed; do
    what=$(sed -n '1s/^# //p' "$plant")
    file=$(sed -n '2s/^# //p' "$plant")
    cp "$file" "$work/$file"
    sed -i -f "$plant" "$work/$file"
    if cmp -s "$file" "$work/$file"; then
        failed=$((failed + 1)); say "NO PLANT" "$what: the script changes nothing in $file any more"
    else
        run
        code=$?
        if grep -q '^seed' "$work/out"; then
            passed=$((passed + 1)); say caught "$what: $(grep -m1 '^seed' "$work/out")"
        else
            failed=$((failed + 1)); say SURVIVED "$what (code $code)"
        fi
    fi
    cp "$file" "$work/$file"
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ $failed -eq 0 ]
