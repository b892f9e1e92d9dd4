#!/bin/bash
# Kills a run with SIGKILL at random moments, at least 20 times, and resumes it each time on a random number of processes
# and lanes: in the end the weights are those of a run that nobody touched.
#   evidence/soak.sh [KILLS] [SEED]
# shellcheck source=evidence/common.sh
. "$(dirname -- "$0")/common.sh"
kills=${1:-20}
RANDOM=${2:-$$}
echo "kills = $kills, seed = ${2:-$$}"

train "$work/untouched" --stop-after 40
expected=$(result "$work/untouched" weights_sha256)

procs_choices=(1 2 4 8)
done_kills=0
round=0
while [ "$done_kills" -lt "$kills" ]; do
    round=$((round + 1))
    out="$work/soak-$round"
    finished=
    while [ -z "$finished" ]; do
        procs=${procs_choices[RANDOM % 4]}
        lanes=$((RANDOM % 2 + 1))
        setsid "$lockstep" train "$home/recipes/fashion-mnist.yaml" --out "$out" --stop-after 40 --checkpoint-every 1 \
            --procs "$procs" --lanes "$lanes" --loader-threads $((RANDOM % 4 + 1)) >>"$out.log" 2>&1 &
        group=$!
        # Between 2 and 12 seconds: before the first step, in the middle of one, while a checkpoint is written.
        naptime=$((RANDOM % 100 + 20))
        for ((i = 0; i < naptime; i++)); do
            kill -0 "$group" 2>/dev/null || break
            sleep 0.1
        done
        if kill -0 "$group" 2>/dev/null && [ "$done_kills" -lt "$kills" ]; then
            kill -KILL -- "-$group"
            wait "$group" 2>/dev/null
            done_kills=$((done_kills + 1))
            newest=$(find "$out/checkpoints" -name 'step-*.safetensors' 2>/dev/null | sort | tail -n 1)
            echo "kill $done_kills at procs $procs, lanes $lanes: newest checkpoint ${newest##*/}"
        else
            wait "$group"
            code=$?
            [ "$code" -eq 0 ] || { tail -n 5 "$out.log"; echo "exit code $code"; exit 1; }
            finished=yes
        fi
    done
    same "round $round, after $done_kills kills" "$expected" "$(result "$out" weights_sha256)"
done
finish
