#!/bin/bash
# Whether the memory of a long run is flat: trains the shipped recipe in two processes, samples the anonymous resident memory
# of each twice a second, and fits a line through the peaks of ten blocks of steps. As many steps come first as warm-up,
# with two evaluations at least; the STEPS after them count. Heaps have a fixed size and are resident from the start, so that what grows is native:
# libtorch's tensors, Gloo's buffers, and what the JVM itself keeps outside the heap, which its own account tells apart. The JVM's
# optimising compiler is off: it takes and gives back up to 12 MiB in minute-long runs, whenever it gets to a large method.
#   evidence/memory.sh [PROCESSES [STEPS [OPTION of train]...]]
export LC_ALL=C.UTF-8
# shellcheck source=evidence/common.sh
. "$(dirname -- "$0")/common.sh"
procs=${1:-2}
steps=${2:-500}
warm=$steps
block=$((steps / 10))
# A process passes when its line, and two standard errors more, rise by less than this over the steps that count.
bound_kib=1024
jcmd=$(dirname -- "$(readlink -f -- "${JAVA_HOME:+$JAVA_HOME/bin/java}" "$(command -v java)" | head -n 1)")/jcmd
# Small pages: with huge ones a touched corner counts as 2 MiB.
export GLIBC_TUNABLES=${GLIBC_TUNABLES:-glibc.malloc.hugetlb=0}
export LOCKSTEP_JAVA_OPTIONS="-Xms192m -Xmx192m -XX:+AlwaysPreTouch -XX:TieredStopAtLevel=1 -XX:NativeMemoryTracking=summary ${LOCKSTEP_JAVA_OPTIONS:-}"

out="$work/run"
"$lockstep" train "$home/recipes/fashion-mnist.yaml" --out "$out" --procs "$procs" --checkpoint-every "$block" \
    --stop-after $((warm + steps)) "${@:3}" >"$out.log" 2>&1 &
launcher=$!
trap 'kill -TERM "$launcher" 2>/dev/null; rm -rf "$work"' EXIT

field() { # PID NAME: a line of the process's status, KiB
    { while read -r key value _; do
        [ "$key" != "$2:" ] || echo "$value"
    done <"/proc/$1/status"; } 2>/dev/null
}
# What the JVM itself has outside its heap, KiB, by its own account.
jvm_kib() {
    "$jcmd" "$1" VM.native_memory summary 2>/dev/null | awk '
        /^Total:/ { sub(/.*committed=/, ""); total = $0 + 0 }
        /Java Heap \(/ { sub(/.*committed=/, ""); heap = $0 + 0 }
        END { print total - heap }'
}

step=0
snapshot=
while kill -0 "$launcher" 2>/dev/null; do
    line=$(tail -n 1 "$out/metrics.jsonl" 2>/dev/null)
    number=${line#*\"step\":}
    number=${number%%,*}
    [[ $number =~ ^[0-9]+$ ]] && step=$number
    if [ "$procs" -eq 1 ]; then
        ranks=("$launcher")
    else
        [ "${#ranks[@]}" -eq "$procs" ] || find_ranks "$procs" || true
    fi
    if [ "$step" -ge "$warm" ] && [ -z "$snapshot" ]; then
        snapshot=begin
        for rank in "${!ranks[@]}"; do jvm_kib "${ranks[rank]}" >"$work/jvm-begin-$rank"; done
    elif [ "$step" -ge $((warm + steps - block)) ] && [ "$snapshot" = begin ]; then
        snapshot=end
        for rank in "${!ranks[@]}"; do jvm_kib "${ranks[rank]}" >"$work/jvm-end-$rank"; done
    fi
    for rank in "${!ranks[@]}"; do
        resident=$(field "${ranks[rank]}" RssAnon)
        peak=$(field "${ranks[rank]}" VmHWM)
        [ -z "$resident" ] || echo "$step $resident $peak" >>"$work/samples-$rank"
    done
    sleep 0.4
done
wait "$launcher" || { echo "the run failed:" >&2 && tail -n 5 "$out.log" >&2 && exit 1; }

[ "${#ranks[@]}" -eq "$procs" ] || { echo "found ${#ranks[@]} of $procs processes" >&2 && exit 1; }
for rank in "${!ranks[@]}"; do
    jvm=$(($(cat "$work/jvm-end-$rank") - $(cat "$work/jvm-begin-$rank")))
    awk -v rank="$rank" -v warm="$warm" -v steps="$steps" -v block="$block" -v bound="$bound_kib" -v jvm="$jvm" '
        $1 >= warm && $1 < warm + steps { b = int(($1 - warm) / block); if ($2 > top[b]) top[b] = $2; peak = $3 }
        END {
            for (b in top) { n++; x += b * block; y += top[b] }
            x /= n; y /= n
            for (b in top) { sxx += (b * block - x) ^ 2; sxy += (b * block - x) * (top[b] - y) }
            slope = sxy / sxx
            for (b in top) { rest += (top[b] - y - slope * (b * block - x)) ^ 2 }
            error = sqrt(rest / (n - 2) / sxx)
            verdict = slope * steps + 2 * error * steps < bound ? "flat" : "GROWS"
            printf "%-6s rank %d: %+.2f ± %.2f KiB a step over %d steps (%d blocks), %+.0f KiB in all; ", \
                verdict, rank, slope, error, steps, n, slope * steps
            printf "the JVM'"'"'s own part %+d KiB; peak %d MiB\n", jvm, peak / 1024
            exit verdict != "flat"
        }' "$work/samples-$rank" || failures=$((${failures:-0} + 1))
    [ -z "${KEEP_SAMPLES:-}" ] || cp "$work/samples-$rank" "$KEEP_SAMPLES/"
done
finish
