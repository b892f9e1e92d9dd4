#!/bin/bash
# The gradient noise scale does not depend on k: 61,440 images at weights that (nearly) stand still, measured with 8 and with
# 64 workers, at two places of training.
#   evidence/noise-scale.sh
# shellcheck source=evidence/common.sh
. "$(dirname -- "$0")/common.sh"

# measure WEIGHTS k: the noise scale after 61,440 images, in images
measure() {
    train "$work/at-$2" --weights "$1" --set "workers=$2" --set learning-rate.reference=0.00000001 --stop-after $((1920 / $2))
    tail -n 1 "$work/at-$2/metrics.jsonl" | sed 's/.*"noise_scale":\([0-9.]*\).*/\1/'
    rm -rf "$work/at-$2"
}

train "$work/run" --checkpoint-every 80 --keep 100 --stop-after 702
for step in 00000080 00000702; do
    weights="$work/run/checkpoints/step-$step.safetensors"
    few=$(measure "$weights" 8)
    many=$(measure "$weights" 64)
    awk -v few="$few" -v many="$many" -v step="$step" 'BEGIN {
        ratio = few > many ? few / many : many / few
        printf "step %d: noise scale %.0f images with k = 8, %.0f with k = 64, factor %.2f\n", step, few, many, ratio
        exit ratio > 1.5
    }' || failures=$((${failures:-0} + 1))
done
finish
