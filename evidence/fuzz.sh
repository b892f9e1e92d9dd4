#!/bin/bash
# Fuzzes every parser of what comes from outside, each with coverage as the guide, for its share of the time.
#   evidence/fuzz.sh MINUTES [CLASS|CLASS#METHOD …]  (all fuzz tests, when none is named)
# What it finds, the inputs it collects and its logs stay in target/fuzz/; the next run goes on from the inputs. The last
# thing it prints is a table; it fails when a target did.
set -u
home=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
case ${1:-} in
    '' | *[!0-9]* | 0) echo "usage: evidence/fuzz.sh MINUTES [CLASS|CLASS#METHOD …]" >&2; exit 2 ;;
esac
minutes=$1
shift
cd "$home" || exit 2
kept=$home/target/fuzz
mkdir -p "$kept"

# MODULE CLASS#METHOD of every @FuzzTest
targets() {
    grep -rl '^ *@FuzzTest' ./*/src/test/java | sort | while IFS= read -r file; do
        module=${file#./}
        awk -v class="${module%%/*} $(basename "$file" .java)" \
            '/^ *@FuzzTest/ { fuzz = 1 } fuzz && match($0, /void [A-Za-z0-9_]+\(/) {
                print class "#" substr($0, RSTART + 5, RLENGTH - 6); fuzz = 0 }' "$file"
    done
}

wanted() {
    [ $# -gt 1 ] || return 0
    local target=$1 name
    shift
    for name; do
        case $target in "$name" | "$name#"*) return 0 ;; esac
    done
    return 1
}

chosen=()
while read -r module target; do
    wanted "$target" "$@" && chosen+=("$module $target")
done < <(targets)
[ ${#chosen[@]} -gt 0 ] || { echo "error: no such fuzz test: $*" >&2; exit 2; }
seconds=$((minutes * 60 / ${#chosen[@]}))
[ "$seconds" -ge 5 ] || seconds=5

echo "building ..." >&2
mvn -B -q test-compile -Dspotless.check.skip=true >"$kept/build.log" 2>&1 ||
    { tail -n 20 "$kept/build.log" >&2; exit 2; }

failures=0
table=$(printf '%-64s %12s %8s  %s' target runs seconds findings)
for choice in "${chosen[@]}"; do
    read -r module target <<<"$choice"
    log=$kept/${target/\#/.}.log
    echo "fuzzing $target for $seconds s ..." >&2
    start=$SECONDS
    JAZZER_FUZZ=1 mvn -B -pl "$module" -am test-compile surefire:test -Dspotless.check.skip=true -Dsurefire.failIfNoSpecifiedTests=false -Djazzer.hooks=true \
        -Djazzer.max_duration="${seconds}s" -Djazzer.internal.basedir="$kept" "-Dtest=$target" </dev/null >"$log" 2>&1
    status=$?
    runs=$(sed -n 's/.*Done \([0-9]*\) runs in .*/\1/p' "$log" | tail -n 1)
    [ -n "$runs" ] || runs=$(sed -n 's/^#\([0-9]*\)\t.*/\1/p' "$log" | tail -n 1)
    found=none
    if [ "$status" -ne 0 ]; then
        failures=$((failures + 1))
        found="see $log"
    elif [ -z "$runs" ]; then
        # A test that was not fuzzed must not look like one that found nothing.
        failures=$((failures + 1))
        found="did not run, see $log"
    fi
    table+=$(printf '\n%-64s %12s %8s  %s' "$target" "${runs:-0}" $((SECONDS - start)) "$found")
done
echo "$table"
[ "$failures" -eq 0 ]
