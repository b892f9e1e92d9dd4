#!/bin/bash
# The time of a step with both engines, in turns: ResNet-20 at 28 px, ResNet-50 and MobileNetV2 at 224 px, 2 workers × 32
# random images on 2 lanes. Prints medians of the steps after the first ones, the ratio, and the peak memory of a run.
#   benchmarks/engines.sh [ROUNDS] [NETWORK …]
# Needs lockstep-onednn on LOCKSTEP_CLASSPATH, see docs/engines.md; about 10 GB of memory for ResNet-50.
export LC_ALL=C.UTF-8
home=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
lockstep=${LOCKSTEP:-$home/lockstep}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rounds=${1:-3}
shift
networks=("$@")
[ ${#networks[@]} -gt 0 ] || networks=(resnet20 resnet50 mobilenet_v2)

recipe() {
    cat >"$work/$1.yaml" <<END
name: $1
epochs: 1
workers: 2
images-per-worker: 32
data: {dataset: "synthetic:images=$2,validation=8,shape=$3,classes=$4"}
model: {name: $1, zero-init-residual: false}
learning-rate: {reference: 0.01}
END
}
recipe resnet20 4096 1x28x28 10
recipe resnet50 448 3x224x224 1000
recipe mobilenet_v2 640 3x224x224 1000

# train NETWORK NAME [OPTION …]: prints the median time of the steps after the first quarter, in ms, and the peak memory in MB.
train() {
    network=$1
    out=$work/$1-$2
    shift 2
    "$lockstep" train "$work/$network.yaml" --lanes 2 --out "$out" --resume never "$@" >"$out.log" 2>&1 &
    pid=$!
    peak=0
    while kill -0 $pid 2>/dev/null; do
        now=$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' /proc/$pid/status 2>/dev/null)
        [ -z "$now" ] || peak=$now
        sleep 0.3
    done
    wait $pid || {
        echo "failed: train $network $*" >&2
        tail -n 5 "$out.log" >&2
        exit 1
    }
    steps=$(grep -c '^{"type":"step"' "$out/metrics.jsonl")
    sed -n 's/^{"type":"step","step":\([0-9]*\),.*"step_seconds":\([0-9.E-]*\),.*/\1 \2/p' "$out/metrics.jsonl" |
        awk -v first="$((steps / 4 + 1))" '$1 > first { print 1000 * $2 }' | sort -g |
        awk -v peak="$peak" '{ v[NR] = $1 } END { printf "%.1f %.0f\n", v[int((NR + 1) / 2)], peak / 1024 }'
    rm -rf "$out"
}

echo "| network | round | libtorch, ms | MB | onednn, ms | MB | onednn bf16, ms | MB | libtorch / onednn | libtorch / bf16 |"
echo "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
for network in "${networks[@]}"; do
    for ((round = 1; round <= rounds; round++)); do
        read -r a am < <(train "$network" libtorch)
        read -r b bm < <(train "$network" onednn --engine onednn)
        c=0 cm=0
        if grep -q 'avx512_bf16\|amx_bf16' /proc/cpuinfo; then
            read -r c cm < <(train "$network" bf16 --engine onednn --set engine=onednn --set precision=bf16)
        fi
        echo "| $network | $round | $a | $am | $b | $bm | $c | $cm | $(awk -v a="$a" -v b="$b" 'BEGIN { printf "%.2f", a / b }') |" \
            "$(awk -v a="$a" -v c="$c" 'BEGIN { if (c > 0) printf "%.2f", a / c; else printf "–" }') |"
    done
done
