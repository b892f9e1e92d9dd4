#!/bin/sh
# Compares the rate of decoding and augmenting photographs on one core with torchvision's and, if it is installed, that of
# DALI on CPUs, on the same files in one run. Needs Debian's lomiri-wallpapers-16.04 (or LOCKSTEP_BACKGROUNDS), a Python with
# torchvision (PYTHON, default python3) and perhaps one with nvidia-dali-cuda120 (DALI_PYTHON, default PYTHON).
set -e
home=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
python=${PYTHON:-python3}
dali=${DALI_PYTHON:-$python}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
folder=$work/images
"$python" "$home/benchmarks/src/main/python/photograph_throughput.py" --make "$folder" \
    "${LOCKSTEP_BACKGROUNDS:-/usr/share/backgrounds}"/*_by_*.jpg
# shellcheck disable=SC2086 # several options
mvn -q -B ${MAVEN_ARGS:-} -f "$home/pom.xml" -DskipTests -Dspotless.check.skip=true package
mkdir -p "$work/classes/train/all" "$work/classes/val/all"
cp "$folder"/*.jpg "$work/classes/train/all"
cp "$folder"/000.jpg "$work/classes/val/all"
classes=$home/benchmarks/target/classes:$(cat "$home/benchmarks/target/classpath.txt")
java -cp "$classes" dev.lockstep.cli.Main data pack "$work/classes" --out "$work/raw" --short-side 256 --raw
allocator="GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.tcache_count=0 MALLOC_MMAP_THRESHOLD_=4294967296 MALLOC_TRIM_THRESHOLD_=34359738368
    MALLOC_TOP_PAD_=67108864" # The launcher's settings.
for _ in 1 2; do
    # shellcheck disable=SC2086 # several variables
    env $allocator java -Dorg.bytedeco.javacpp.maxPhysicalBytes=0 -XX:+UseParallelGC \
        -cp "$classes" dev.lockstep.benchmarks.PhotographThroughput "$folder" "$work/raw" 2>/dev/null
    "$python" "$home/benchmarks/src/main/python/photograph_throughput.py" "$folder"
    if "$dali" -c 'import nvidia.dali' 2>/dev/null; then
        "$dali" "$home/benchmarks/src/main/python/photograph_dali.py" "$folder"
    fi
done
