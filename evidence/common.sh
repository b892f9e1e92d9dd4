# Shared by the evidence scripts: sourced, not run.
home=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
lockstep="$home/lockstep"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The value of a text key in a run's result.json.
result() {
    sed -n "s/.*\"$2\"[ ]*:[ ]*\"\([^\"]*\)\".*/\1/p" "$1/result.json"
}

# train OUT [OPTION …]: trains the shipped recipe, fails loudly.
train() {
    out=$1
    shift
    "$lockstep" train "$home/recipes/fashion-mnist.yaml" --out "$out" "$@" >"$out.log" 2>&1 || {
        echo "failed: train $* (exit code $?)" >&2
        tail -n 5 "$out.log" >&2
        exit 1
    }
}

# is_hash TEXT: whether it is a SHA-256; what a run without a result says of its weights is not
is_hash() {
    case $1 in *[!0-9a-f]*) return 1 ;; esac
    [ "${#1}" -eq 64 ]
}

# same NAME EXPECTED ACTUAL: two hashes
same() {
    if is_hash "$2" && [ "$2" = "$3" ]; then
        echo "same       $3  $1"
    else
        echo "DIFFERENT  $3  $1"
        failures=$((${failures:-0} + 1))
    fi
}

# tensors OUT: a hash of all tensors of the newest checkpoint: parameters, momentum and running statistics
tensors() {
    checkpoint=$(find "$1/checkpoints" -name 'step-*.safetensors' | sort | tail -n 1)
    header=$(od -An -t u8 -N 8 "$checkpoint")
    tail -c +$((header + 9)) "$checkpoint" | sha256sum | cut -d ' ' -f 1
}

# same_run NAME EXPECTED_OUT OUT: two runs of as many steps, by their weights and by all that a checkpoint holds
same_run() {
    if [ "$(tensors "$2")" = "$(tensors "$3")" ]; then
        same "$1" "$(result "$2" weights_sha256)" "$(result "$3" weights_sha256)"
    else
        same "$1 (all tensors of the checkpoint)" "$(tensors "$2")" "$(tensors "$3")"
    fi
}

# superseded OUT: how many checkpoints a run that began before them has set aside
superseded() {
    find "$1/checkpoints" -name '*.superseded' | wc -l
}

# find_ranks COUNT: the processes of the launcher $launcher, by rank, in $ranks; whether they are so many
find_ranks() {
    ranks=()
    # shellcheck disable=SC2154 # the caller sets it
    for child in $(pgrep -P "$launcher"); do
        rank=$({ tr '\0' '\n' <"/proc/$child/environ"; } 2>/dev/null | sed -n 's/^RANK=//p')
        [ -z "$rank" ] || ranks[rank]=$child
    done
    [ "${#ranks[@]}" -eq "$1" ]
}

finish() {
    if [ "${failures:-0}" -gt 0 ]; then
        echo "$failures failed" >&2
        exit 1
    fi
    echo "all as expected"
}
