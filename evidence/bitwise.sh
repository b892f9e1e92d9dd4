#!/bin/bash
# The bitwise promise: 40 steps of the shipped recipe give the same weights for every number of processes, lanes and loader
# threads; also with augmentation, with k = 6, and with the velocity form.
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
        weights=$(result "$out" weights_sha256)
        reference=${reference:-$weights}
        same "$name: procs $procs, lanes ${rest%%:*}, loader threads ${rest#*:}" "$reference" "$weights"
    done
}

grid k8 "1:1:1 1:2:1 2:1:1 4:1:1 8:1:1 1:1:4 2:1:4"
grid augmented "1:1:1 2:1:4 1:2:4" --set data.augmentation=pad-crop-flip
grid k6 "1:1:1 1:2:1 2:1:1" --set workers=6
grid velocity "1:1:1 2:1:1 1:2:1" --set optimizer.form=velocity
finish
