#!/bin/sh
# Compares the rate of decoding and augmenting photographs on one core with torchvision's, on the same files in one run.
# Needs Debian's lomiri-wallpapers-16.04 (or LOCKSTEP_BACKGROUNDS) and a Python with torchvision (PYTHON, default python3).
set -e
home=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" "$home/benchmarks/src/main/python/photograph_throughput.py" --make "$folder" \
    "${LOCKSTEP_BACKGROUNDS:-/usr/share/backgrounds}"/*_by_*.jpg
# shellcheck disable=SC2086 # several options
mvn -q -B ${MAVEN_ARGS:-} -f "$home/pom.xml" -DskipTests -Dspotless.check.skip=true package
allocator="GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.tcache_count=0 MALLOC_MMAP_THRESHOLD_=4294967296 MALLOC_TRIM_THRESHOLD_=34359738368
    MALLOC_TOP_PAD_=67108864" # The launcher's settings.
for _ in 1 2; do
    # shellcheck disable=SC2086 # several variables
    env $allocator java -Dorg.bytedeco.javacpp.maxPhysicalBytes=0 -XX:+UseParallelGC \
        -cp "$home/benchmarks/target/classes:$(cat "$home/benchmarks/target/classpath.txt")" \
        dev.lockstep.benchmarks.PhotographThroughput "$folder" 2>/dev/null
    "$python" "$home/benchmarks/src/main/python/photograph_throughput.py" "$folder"
done
