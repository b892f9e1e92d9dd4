#!/bin/bash
# Kills a run with SIGKILL at random moments, at least 20 times, and resumes it each time on a random other number of
# processes and of lanes: in the end the weights are those of a run that nobody touched. A kill counts when the run had made
# steps since it was started. PROCS lists the numbers of processes to choose from; all must be powers of two that divide k.
#   evidence/soak.sh [KILLS [SEED [OPTION of train]...]]
#   PROCS='1 2' evidence/soak.sh 20 7 --set workers=6 --set optimizer.form=velocity --set data.augmentation=pad-crop-flip
# shellcheck source=evidence/common.sh
. "$(dirname -- "$0")/common.sh"
kills=${1:-20}
seed=${2:-$$}
RANDOM=$seed
options=("${@:3}")
read -ra choices <<<"${PROCS:-1 2 4 8}"
echo "kills = $kills, seed = $seed, processes = ${choices[*]}${options[*]:+, options = ${options[*]}}"

train "$work/untouched" --stop-after 40 "${options[@]}"

# The step of the newest checkpoint of $out; 0 where there is none.
newest() {
    newest=$(find "$out/checkpoints" -name 'step-*.safetensors' 2>/dev/null | sort | tail -n 1)
    newest=${newest##*/step-}
    echo $((10#0${newest%.safetensors}))
}

done_kills=0
round=0
while [ "$done_kills" -lt "$kills" ]; do
    round=$((round + 1))
    out="$work/soak-$round"
    procs=
    finished=
    while [ -z "$finished" ]; do
        previous=$procs
        while [ "$procs" = "$previous" ]; do
            procs=${choices[RANDOM % ${#choices[@]}]}
            [ "${#choices[@]}" -gt 1 ] || break
        done
        lanes=$((RANDOM % 2 + 1))
        began=$(newest)
        setsid "$lockstep" train "$home/recipes/fashion-mnist.yaml" --out "$out" --stop-after 40 --checkpoint-every 1 \
            --procs "$procs" --lanes "$lanes" --loader-threads $((RANDOM % 4 + 1)) "${options[@]}" >>"$out.log" 2>&1 &
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
            reached=$(newest)
            life="procs ${previous:-none} -> $procs, lanes $lanes, steps $began -> $reached"
            if [ "$reached" -gt "$began" ]; then
                done_kills=$((done_kills + 1))
                echo "kill $done_kills: $life"
            else
                echo "a kill that does not count: $life"
            fi
        else
            wait "$group"
            code=$?
            [ "$code" -eq 0 ] || { tail -n 5 "$out.log"; echo "exit code $code"; exit 1; }
            finished=yes
        fi
    done
    same_run "round $round, after $done_kills kills" "$work/untouched" "$out"
    [ "$(superseded "$out")" -eq 0 ] || { echo "a life of round $round did not go on from the newest checkpoint"; exit 1; }
done
finish
