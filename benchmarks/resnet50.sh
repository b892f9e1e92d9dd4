#!/bin/sh
# ResNet-50's training speed with 1 and 2 lanes, compared with the machine's convolution peak. Needs the photographs of
# Debian's lomiri-wallpapers-16.04 (or LOCKSTEP_BACKGROUNDS) and about 8 GB of memory.
set -e
home=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
folder=${LOCKSTEP_IMAGENET:-}
if [ -z "$folder" ]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    java "$home/evidence/src/main/java/dev/lockstep/evidence/scenario/ImageNetShape.java" "$folder" "${LOCKSTEP_BACKGROUNDS:-/usr/share/backgrounds}"/*_by_*.jpg
fi
# shellcheck disable=SC2086 # several options
[ -n "${LOCKSTEP_BUILT:-}" ] ||
    mvn -q -B ${MAVEN_ARGS:-} -f "$home/pom.xml" -DskipTests -Dspotless.check.skip=true package
# The launcher's settings.
export GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.tcache_count=0 MALLOC_MMAP_THRESHOLD_=4294967296 MALLOC_TRIM_THRESHOLD_=34359738368 \
    MALLOC_TOP_PAD_=67108864 OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive
java -Dorg.bytedeco.javacpp.maxPhysicalBytes=0 -Dorg.bytedeco.javacpp.maxBytes=0 -XX:+UseParallelGC \
    -cp "$home/benchmarks/target/classes:$(cat "$home/benchmarks/target/classpath.txt")" \
    dev.lockstep.benchmarks.ResNet50Throughput "$home/recipes/imagenet-resnet50-256.yaml" "$folder" 2>/dev/null
