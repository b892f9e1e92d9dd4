#!/bin/bash
# Whether a first start that is cut off leaves anything that hurts the next one: ends a JVM at random moments while it unpacks
# the real libraries into an empty cache, by SIGKILL and by SIGINT (Ctrl-C) in turns, and then starts three processes at once,
# which must all load libtorch. A line a kill, the sum of them last.
#   evidence/unpack-kills.sh [KILLS [SEED]]
export LC_ALL=C.UTF-8
# shellcheck source=evidence/common.sh
. "$(dirname -- "$0")/common.sh"
kills=${1:-20}
RANDOM=${2:-1}
"$lockstep" --version >/dev/null || exit 1
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
classes="$home/cli/target/classes:$(cat "$home/cli/target/classpath.txt")"

# probe OUT: loads libtorch, as the doctor does; a process in the background of a script would ignore SIGINT
probe() {
    exec env --default-signal=INT "$java" -XX:ErrorFile="$1.crash" -cp "$classes" dev.lockstep.cli.doctor.NativeProbe >"$1" 2>&1
}

# What lies in the cache, MiB.
unpacked() {
    size=$(du -sm --apparent-size "$LOCKSTEP_CACHE" 2>/dev/null | cut -f 1)
    echo "${size:-0}"
}

good=0
cut=0
for ((kill = 1; kill <= kills; kill++)); do
    rm -rf "$work/cache"
    export LOCKSTEP_CACHE="$work/cache"
    signal=$([ $((kill % 2)) -eq 1 ] && echo KILL || echo INT)
    # Of 458 MiB.
    moment=$((RANDOM % 430))
    (probe "$work/cut") &
    process=$!
    while kill -0 "$process" 2>/dev/null && [ "$(unpacked)" -lt "$moment" ]; do sleep 0.01; done
    kill -"$signal" "$process" 2>/dev/null
    wait "$process" 2>/dev/null
    status=$?
    left=$(unpacked)
    parts=$(find "$LOCKSTEP_CACHE" -name '.unpacking-*' 2>/dev/null | wc -l)
    [ "$status" -le 128 ] || cut=$((cut + 1))
    ok=0
    processes=()
    for i in 1 2 3; do
        (probe "$work/after-$i") &
        processes+=($!)
    done
    for i in 1 2 3; do
        wait "${processes[i - 1]}" && grep -q '"libtorch"' "$work/after-$i" && ok=$((ok + 1))
        [ ! -e "$work/after-$i.crash" ] || { ok=-1 && rm "$work/after-$i.crash"; }
    done
    rest=$(find "$LOCKSTEP_CACHE" -name '.unpacking-*' | wc -l)
    verdict=BROKEN
    if [ "$ok" -eq 3 ] && [ "$rest" -eq 0 ] && [ "$status" -gt 128 ]; then
        verdict=good
        good=$((good + 1))
    else
        failures=$((${failures:-0} + 1))
        tail -qn 1 "$work"/after-? >&2
    fi
    printf '%-6s kill %2d: SIG%-4s with %3d MiB there (exit %3d), %d unfinished; then %d of 3 load, %d unfinished\n' \
        "$verdict" "$kill" "$signal" "$left" "$status" "$parts" "$ok" "$rest"
done
echo "kills $kills, of which cut the unpacking off $cut, followed by three good runs $good"
finish
