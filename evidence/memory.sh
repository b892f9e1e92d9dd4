#!/bin/bash
# Whether the memory of a long run is flat: trains the shipped recipe in two processes, takes the peak of each process in each
# epoch, its evaluation included, and how much it grows from one epoch to the next. Eight epochs come first as warm-up, then
# EPOCHS count. A peak is the kernel's own (VmHWM, reset where an epoch begins), mapped files left out. Heaps have a fixed size and
# are resident from the start, so that what grows is native: libtorch's tensors, Gloo's buffers, and what the JVM itself keeps
# outside the heap, which its own account tells apart. The JVM's optimizing compiler is off: it takes and gives back up to
# 12 MiB in minute-long runs, whenever it gets to a large method; so are the classes that it makes for methods that reflection
# has called 15 times, some of them once an epoch.
# With LEAK in the environment, every process loses as many KiB a second; the verdict should notice.
#   [LEAK=KIB] evidence/memory.sh [PROCESSES [EPOCHS [OPTION of train]...]]
export LC_ALL=C.UTF-8
# shellcheck source=evidence/common.sh
. "$(dirname -- "$0")/common.sh"
procs=${1:-2}
epochs=${2:-15}
warm=8
jdk=$(dirname -- "$(readlink -f -- "${JAVA_HOME:+$JAVA_HOME/bin/java}" "$(command -v java)" | head -n 1)")
# Small pages: with huge ones a touched corner counts as 2 MiB.
export GLIBC_TUNABLES=${GLIBC_TUNABLES:-glibc.malloc.hugetlb=0}
export LOCKSTEP_JAVA_OPTIONS="-Xms192m -Xmx192m -XX:+AlwaysPreTouch -XX:TieredStopAtLevel=1 -Dsun.reflect.inflationThreshold=2147483647 -XX:NativeMemoryTracking=summary ${LOCKSTEP_JAVA_OPTIONS:-}"
if [ -n "${LEAK:-}" ]; then
    "$jdk/javac" -d "$work" "$home/evidence/Leak.java" &&
        echo 'Premain-Class: Leak' >"$work/manifest" &&
        "$jdk/jar" cfm "$work/leak.jar" "$work/manifest" -C "$work" Leak.class || exit 1
    LOCKSTEP_JAVA_OPTIONS="$LOCKSTEP_JAVA_OPTIONS -javaagent:$work/leak.jar=$LEAK"
fi

out="$work/run"
# One epoch more than is needed: the run is asked to stop at its beginning, before anything that only an end does.
"$lockstep" train "$home/recipes/fashion-mnist.yaml" --out "$out" --procs "$procs" --checkpoint-every 50 \
    --set epochs=$((warm + epochs + 1)) "${@:3}" >"$out.log" 2>&1 &
launcher=$!
trap 'kill -TERM "$launcher" 2>/dev/null; rm -rf "$work"' EXIT

# The peak of a process since it was last reset, without mapped files, KiB.
peak() {
    awk '/^VmHWM:/ { peak = $2 } /^RssFile:/ { files = $2 } END { print peak - files }' "/proc/$1/status"
}
# What the JVM itself has outside its heap, KiB, by its own account.
jvm_kib() {
    "$jdk/jcmd" "$1" VM.native_memory summary 2>/dev/null | awk '
        /^Total:/ { sub(/.*committed=/, ""); total = $0 + 0 }
        /Java Heap \(/ { sub(/.*committed=/, ""); heap = $0 + 0 }
        END { print total - heap }'
}

epoch=0
while [ "$epoch" -lt $((warm + epochs)) ]; do
    kill -0 "$launcher" 2>/dev/null || { echo "the run ended early:" >&2 && tail -n 5 "$out.log" >&2 && exit 1; }
    sleep 0.1
    line=$(tail -n 1 "$out/metrics.jsonl" 2>/dev/null)
    [[ $line =~ \"step\":([0-9]+).*\"epoch\":([0-9]+) ]] || continue
    [ "${BASH_REMATCH[2]}" -gt "$epoch" ] || continue
    step=${BASH_REMATCH[1]}
    epoch=${BASH_REMATCH[2]}
    if [ "$procs" -eq 1 ]; then
        ranks=("$launcher")
    else
        find_ranks "$procs" || { echo "found ${#ranks[@]} of $procs processes" >&2 && exit 1; }
    fi
    for rank in "${!ranks[@]}"; do
        pid=${ranks[rank]}
        [ "$epoch" -lt "$warm" ] || echo "$step $(peak "$pid")" >>"$work/peaks-$rank"
        # Asking takes a thread the first time.
        [ "$epoch" -ne 1 ] || jvm_kib "$pid" >"$work/jvm-first-$rank"
        [ "$epoch" -ne "$warm" ] || jvm_kib "$pid" >"$work/jvm-begin-$rank"
        [ "$epoch" -ne $((warm + epochs)) ] || jvm_kib "$pid" >"$work/jvm-end-$rank"
        echo 5 >"/proc/$pid/clear_refs" || exit 1
    done
done
kill -TERM "$launcher"
wait "$launcher" || [ $? -eq 143 ] || { echo "the run failed:" >&2 && tail -n 5 "$out.log" >&2 && exit 1; }

# Memory that the allocator has once taken it keeps, so peaks are no independent points around a line: they rise in jumps and
# stay there. What is independent is how much they rise from each epoch to the next. The slope is the mean of that; it is zero
# within noise when it is at most Student's 97.5 % quantile times its standard error. A jump makes much noise, in which a
# small leak could hide; but a leak moves the median too, which must be at most 0.1 KiB a step. And the noise must be so small
# that a rise by a hundredth of the memory would have shown.
for rank in "${!ranks[@]}"; do
    [ -s "$work/jvm-end-$rank" ] || continue
    jvm=$(($(cat "$work/jvm-end-$rank") - $(cat "$work/jvm-begin-$rank")))
    verdicts=$((${verdicts:-0} + 1))
    awk -v rank="$rank" -v jvm="$jvm" '
        { x[NR] = $1; y[NR] = $2 }
        END {
            n = NR - 1
            steps = x[NR] - x[1]
            mean = (y[NR] - y[1]) / n
            for (i = 1; i <= n; i++) {
                rise = y[i + 1] - y[i]
                rest += (rise - mean) ^ 2
                for (j = i; j > 1 && sorted[j - 1] > rise; j--) sorted[j] = sorted[j - 1]
                sorted[j] = rise
            }
            median = (sorted[int((n + 1) / 2)] + sorted[int(n / 2) + 1]) / 2
            error = sqrt(rest / (n - 1) / n)
            split("12.71 4.30 3.18 2.78 2.57 2.45 2.36 2.31 2.26 2.23", quantiles)
            bound = (n - 1 > 10 ? 1.96 + 2.65 / (n - 1) : quantiles[n - 1]) * error
            verdict = mean > bound || median > 0.1 * steps / n ? "GROWS" : bound * n > y[1] / 100 ? "NOISY" : "flat"
            scale = n / steps
            printf "%-6s rank %d: %+.2f ± %.2f KiB a step, of which up to %.2f are noise, median %+.2f; from %.1f to %.1f MiB (%+.2f %%) in %d epochs, %d steps; ", \
                verdict, rank, mean * scale, error * scale, bound * scale, median * scale, y[1] / 1024, y[NR] / 1024, 100 * (y[NR] / y[1] - 1), n, steps
            printf "the JVM'"'"'s own account %+d KiB\n", jvm
            exit verdict != "flat"
        }' "$work/peaks-$rank" || failures=$((${failures:-0} + 1))
    echo "       the peaks, KiB: $(cut -d ' ' -f 2 "$work/peaks-$rank" | paste -s -d ' ')"
done
[ "${verdicts:-0}" -eq "$procs" ] || { echo "verdicts on ${verdicts:-0} of $procs processes" >&2 && exit 1; }
finish
