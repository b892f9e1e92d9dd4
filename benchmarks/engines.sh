#!/bin/bash
# The time of a step with both engines, in turns: ResNet-20 at 28 px, ResNet-50 and MobileNetV2 at 224 px, 2 workers × 32
# random images on 2 lanes. Prints medians of the steps after the first ones, the ratio, and the peak memory of a run.
#   [PYTHON=PYTHON] benchmarks/engines.sh [ROUNDS] [NETWORK …]
# With PYTHON, one with torch and torchvision, also PyTorch's DistributedDataParallel with 2 processes, in the same turns: as the tutorials
# have it, tuned, tuned with our settings of the allocator, and compiled with them; then how our engines compare with the best of these.
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

# ddp NETWORK WAY [NAME=VALUE …]: prints the time of PyTorch's step, in ms, and the memory of both processes in MB.
ddp() {
    network=$1
    way=$2
    shift 2
    env OMP_NUM_THREADS=1 "$@" "$PYTHON" "$home/benchmarks/src/main/python/ddp.py" "$network" "$way" 2>"$work/ddp.log" || {
        echo "failed: ddp $network $way" >&2
        tail -n 5 "$work/ddp.log" >&2
        exit 1
    }
}
allocator=(GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.tcache_count=0 MALLOC_MMAP_THRESHOLD_=4294967296
    MALLOC_TRIM_THRESHOLD_=34359738368 MALLOC_TOP_PAD_=67108864)

beside=()
[ -z "${PYTHON:-}" ] || beside=("DDP, ms" "MB" "tuned, ms" "MB" "tuned, our allocator, ms" "MB" "compiled, ms" "MB" "best / libtorch" \
    "best / onednn" "stock / onednn")

printf '| %s ' network round "libtorch, ms" MB "onednn, ms" MB "onednn bf16, ms" MB "libtorch / onednn" "libtorch / bf16" "${beside[@]}"
printf '|\n'
for ((i = 0; i < 10 + ${#beside[@]}; i++)); do printf '| --- '; done
printf '|\n'

# over A B: their ratio, a dash when there is no B.
over() {
    awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.2f", a / b; else printf "–" }'
}

for network in "${networks[@]}"; do
    for ((round = 1; round <= rounds; round++)); do
        read -r a am < <(train "$network" libtorch)
        read -r b bm < <(train "$network" onednn --engine onednn)
        c=0 cm=0
        if grep -q 'avx512_bf16\|amx_bf16' /proc/cpuinfo; then
            read -r c cm < <(train "$network" bf16 --engine onednn --set engine=onednn --set precision=bf16)
        fi
        row=("$network" "$round" "$a" "$am" "$b" "$bm" "$c" "$cm" "$(over "$a" "$b")" "$(over "$a" "$c")")
        if [ -n "${PYTHON:-}" ]; then
            best=0
            for way in stock tuned allocator compiled; do
                case $way in
                    stock | tuned) read -r t tm < <(ddp "$network" $way) ;;
                    allocator) read -r t tm < <(ddp "$network" tuned "${allocator[@]}") ;;
                    compiled) read -r t tm < <(ddp "$network" compiled "${allocator[@]}") ;;
                esac
                row+=("$t" "$tm")
                [ $way != stock ] || stock=$t
                best=$(awk -v a="$best" -v t="$t" 'BEGIN { print (a == 0 || t < a) ? t : a }')
            done
            row+=("$(over "$best" "$a")" "$(over "$best" "$b")" "$(over "$stock" "$b")")
        fi
        printf '| %s ' "${row[@]}"
        printf '|\n'
    done
done
