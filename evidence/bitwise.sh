#!/bin/bash
# The bitwise promise: 40 steps of the shipped recipe give the same weights, momentum and running statistics for every number
# of processes, lanes and loader threads; also with augmentation, with k = 6, with two threads a worker, and with the velocity
# form. Three processes of two workers each are announced as not bitwise, and are as near as rounding.
# shellcheck source=evidence/common.sh
. "$(dirname -- "$0")/common.sh"

# grid NAME "P:lanes:loaders …" [OPTION …]
grid() {
    name=$1
    placements=$2
    shift 2
    reference=
    for placement in $placements; do
        procs=${placement%%:*}
        rest=${placement#*:}
        out="$work/$name-$procs-${rest%%:*}-${rest#*:}"
        train "$out" --stop-after 40 --procs "$procs" --lanes "${rest%%:*}" --loader-threads "${rest#*:}" "$@"
        reference=${reference:-$out}
        same_run "$name: procs $procs, lanes ${rest%%:*}, loader threads ${rest#*:}" "$reference" "$out"
    done
}

# rounding OUT REFERENCE BOUND: two runs of as many steps are near each other, and the first one says that it is not bitwise
rounding() {
    checkpoint=checkpoints/step-00000040.safetensors
    distance=$(java "$home/evidence/Distance.java" "$1/$checkpoint" "$2/$checkpoint")
    if grep -q '^3 processes .*; these sums are correct to rounding, not bitwise those of one process$' "$1.log" &&
        awk -v distance="${distance:-nan}" -v bound="$3" 'BEGIN { exit !(distance > 0 && distance < bound) }'; then
        echo "rounding   announced as not bitwise, |w - w1| / |w1| = $distance  k6: procs 3"
    else
        echo "WRONG      not announced, or |w - w1| / |w1| = $distance  k6: procs 3"
        failures=$((${failures:-0} + 1))
    fi
}

grid k8 "1:1:1 1:2:1 2:1:1 4:1:1 8:1:1 1:1:4 2:1:4"
grid augmented "1:1:1 2:1:4 1:2:4" --set data.augmentation=pad-crop-flip
grid k6 "1:1:1 1:2:1 2:1:1" --set workers=6
train "$work/k6-three" --stop-after 40 --procs 3 --lanes 1 --set workers=6
rounding "$work/k6-three" "$work/k6-1-1-1" 1e-3
# A checkpoint's thread sets its own number of threads while lanes start: theirs must stay as the recipe says.
grid threads "1:1:1 1:8:1 2:1:1 4:2:1" --set threads-per-worker=2 --checkpoint-every 1
grid velocity "1:1:1 2:1:1 1:2:1" --set optimizer.form=velocity
finish
