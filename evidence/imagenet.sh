#!/bin/sh
# ImageNet's path end to end, on a folder of its shape: 1000 class folders in train/ and in val/, filled with parts of real
# photographs. The paper's ResNet-50 recipe with 4 of its 256 workers is trained for 3 steps, stopped and resumed on another
# number of processes, evaluated and exported; shards packed from the folder give the same weights; a truncated image stops a
# run, or is replaced on every process alike.
# Needs /usr/share/backgrounds with photographs (Debian's lomiri-wallpapers-16.04; fetched when it is not there) and about
# 10 GB of memory. With PYTHON=… naming a Python that has torchvision, checks that it takes the exported files, too.
# shellcheck source=evidence/common.sh
. "$(dirname -- "$0")/common.sh"
recipe="$home/recipes/imagenet-resnet50-8k.yaml"
package=lomiri-wallpapers-16.04

photographs() {
    find "${LOCKSTEP_BACKGROUNDS:-/usr/share/backgrounds}" "$work/package" -type f -name '*_by_*.jpg' 2>/dev/null | sort
}

# imagenet NAME OPTION …: trains the recipe on $data into $work/NAME.
imagenet() {
    name=$1
    shift
    "$lockstep" train "$recipe" --data "$data" --set workers=4 --out "$work/$name" "$@" >"$work/$name.log" 2>&1
}

# works NAME COMMAND …
works() {
    what=$1
    shift
    if "$@"; then
        echo "done       $what"
    else
        echo "FAILED     $what (exit code $?)"
        [ -f "$work/$2.log" ] && tail -n 5 "$work/$2.log"
        failures=$((${failures:-0} + 1))
    fi
}

data="$work/imagenet"
if [ -z "$(photographs)" ]; then
    (cd "$work" && apt-get -qq download "$package" && dpkg-deb -x "$package"_*.deb package)
fi
# shellcheck disable=SC2046
works "1000 classes of photographs" java "$home/evidence/ImageNetShape.java" "$data" $(photographs)
works "every image decodes" "$lockstep" data inspect "$recipe" --data "$data" --all --sheet "$work/sheet.png"

works "3 steps" imagenet straight --stop-after 3
works "2 steps on 2 processes" imagenet resumed --stop-after 2 --procs 2
works "1 more step on 1 process" imagenet resumed --stop-after 3
same "resumed against uninterrupted" "$(result "$work/straight" weights_sha256)" "$(result "$work/resumed" weights_sha256)"

works "evaluation" "$lockstep" eval "$work/resumed" --data "$data"
for format in safetensors pt; do
    works "export to .$format" "$lockstep" export "$work/resumed" --out "$work/resnet50.$format"
    "$lockstep" predict "$work/resnet50.$format" "$data"/probe/*.png --recipe "$recipe" --data "$data" \
        --top 1000 --json >"$work/$format.json"
done
"$lockstep" predict "$work/resumed" "$data"/probe/*.png --top 1000 --json >"$work/checkpoint.json"
works "predictions of .safetensors as of the checkpoint" cmp "$work/checkpoint.json" "$work/safetensors.json"
works "predictions of .pt as of the checkpoint" cmp "$work/checkpoint.json" "$work/pt.json"
if [ -n "$PYTHON" ]; then
    works "torchvision takes both files, and its logits agree" \
        "$PYTHON" "$home/evidence/imagenet_torchvision.py" "$work" "$data"/probe/*.png
else
    skipped="SKIPPED    whether torchvision takes both files, and its logits agree: set PYTHON to a Python that has it"
fi

small="--set model.name=resnet18 --set data.image-size=64 --stop-after 1"
# shellcheck disable=SC2086
works "1 step on the folder" imagenet folder $small
works "shards of the folder" "$lockstep" data pack "$data" --out "$work/shards"
folder=$data
data="$work/shards"
# shellcheck disable=SC2086
works "1 step on the shards" imagenet packed $small
data=$folder
same "shards against folder" "$(result "$work/folder" weights_sha256)" "$(result "$work/packed" weights_sha256)"

# With one image a class, the number of an image is that of its class: cut short one of the first step.
first=$("$lockstep" data order "$recipe" --data "$data" --set workers=4 --epoch 0 --iteration 0 |
    sed -n '1s/.*"samples":\[\([0-9]*\).*/\1/p')
bad=$(find "$data/train" -type f | sort | sed -n "$((first + 1))p")
head -c 9000 "$bad" >"$work/short" && cp "$work/short" "$bad"
# shellcheck disable=SC2086
imagenet refused $small
code=$?
works "exit code $code for a truncated image" test "$code" -eq 3
works "the error names it" grep "^error: .*truncated.*$bad" "$work/refused.log"
# shellcheck disable=SC2086
works "it is replaced on 1 process" imagenet alone $small --skip-bad-images
# shellcheck disable=SC2086
works "it is replaced on 2 processes" imagenet pair $small --skip-bad-images --procs 2
same "2 processes against 1" "$(result "$work/alone" weights_sha256)" "$(result "$work/pair" weights_sha256)"
works "it is listed" grep "bad-image.*$bad" "$work/pair/metrics.jsonl"
[ -z "$skipped" ] || echo "$skipped"
finish
