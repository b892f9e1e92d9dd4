#!/bin/bash
# The cost per step of the bitwise sums and of checkpoints, for the shipped recipe: the tree against `--collective native`,
# and checkpoints after every 10th step and after every step against none, in alternation.
#   benchmarks/steps.sh [PROCESSES,PROCESSES,...] [ROUNDS] [STEPS]
export LC_ALL=C.UTF-8
home=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
IFS=, read -ra sizes <<<"${1:-2,4,8}"
rounds=${2:-3}
steps=${3:-80}

# train OUT [OPTION …]: trains the shipped recipe, fails loudly.
train() {
    out=$1
    shift
    "$home/lockstep" train "$home/recipes/fashion-mnist.yaml" --out "$out" "$@" >"$out.log" 2>&1 || {
        echo "failed: train $* (exit code $?)" >&2
        tail -n 5 "$out.log" >&2
        exit 1
    }
}

# The median time of a run's steps after the 20th, in ms.
median() {
    sed -n 's/^{"type":"step","step":\([0-9]*\),.*"step_seconds":\([0-9.E-]*\),.*/\1 \2/p' "$1/metrics.jsonl" |
        awk '$1 > 20 { print 1000 * $2 }' | sort -g | awk '{ v[NR] = $1 } END { printf "%.1f", v[int((NR + 1) / 2)] }'
}

# The time of a whole run including its last checkpoint, in ms per step.
whole() {
    sed -n 's/.*"seconds":\([0-9.E-]*\),.*/\1/p' "$1/result.json" | awk -v steps="$steps" '{ printf "%.1f", 1000 * $1 / steps }'
}

over() {
    awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'
}

echo "| P | median step, ms: tree | native | ratio | whole run, ms per step: no checkpoint | every 10 steps | ratio | every step | ratio |"
echo "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
for procs in "${sizes[@]}"; do
    for ((round = 0; round < rounds; round++)); do
        common=(--procs "$procs" --lanes 1 --stop-after "$steps")
        train "$work/tree" "${common[@]}"
        train "$work/native" "${common[@]}" --collective native
        train "$work/ten" "${common[@]}" --checkpoint-every 10
        train "$work/each" "${common[@]}" --checkpoint-every 1
        echo "| $procs | $(median "$work/tree") | $(median "$work/native") |" \
            "$(over "$(median "$work/tree")" "$(median "$work/native")") |" \
            "$(whole "$work/tree") | $(whole "$work/ten") | $(over "$(whole "$work/ten")" "$(whole "$work/tree")") |" \
            "$(whole "$work/each") | $(over "$(whole "$work/each")" "$(whole "$work/tree")") |"
        rm -rf "${work:?}"/*
    done
done
