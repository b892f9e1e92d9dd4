#!/bin/bash
# Compares the tree all-reduce with c10d's ring between network namespaces with added delay. Needs root.
#   benchmarks/netns.sh DELAY_MS [P] [KIB,KIB,...] [SECONDS] [--short ELEMENTS] [--piece ELEMENTS]
# DELAY_MS is added to every packet, one way: by netem if the kernel has it, otherwise by hold.py, which needs iptables.
set -euo pipefail
delay=${1:?delay in ms, one way}
procs=${2:-8}
kib=${3:-1,4,16,64,256,1024,4096}
seconds=${4:-3}
home=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
prefix=lockstep$$-

# shellcheck disable=SC2317 # called by the trap
clean() {
    [ -z "${holder:-}" ] || kill "$holder" 2>/dev/null || true
    for ((i = 0; i < procs; i++)); do ip netns del "$prefix$i" 2>/dev/null || true; done
    [ -z "${bridge:-}" ] || ip link del "$bridge" 2>/dev/null || true
    rm -rf "${logs:-}"
}
trap clean EXIT

for ((i = 0; i < procs; i++)); do
    ip netns add "$prefix$i"
    ip -n "$prefix$i" link set lo up
done
bridge=lsbr$$
ip link add "$bridge" type bridge
ip link set "$bridge" up
for ((i = 0; i < procs; i++)); do
    ip link add "lsv$$-$i" type veth peer name veth0 netns "$prefix$i"
    ip link set "lsv$$-$i" master "$bridge" up
    ip -n "$prefix$i" addr add "10.77.0.$((i + 1))/24" dev veth0
    ip -n "$prefix$i" link set veth0 up
done
if ip netns exec "${prefix}0" tc qdisc add dev veth0 root netem delay "${delay}ms" limit 100000 2>/dev/null; then
    for ((i = 1; i < procs; i++)); do
        ip netns exec "$prefix$i" tc qdisc add dev veth0 root netem delay "${delay}ms" limit 100000
    done
    echo "delay by netem, one way: $delay ms"
else
    for ((i = 0; i < procs; i++)); do
        ip netns exec "$prefix$i" iptables -A INPUT -i veth0 -j NFQUEUE --queue-num 0
    done
    python3 "$home/benchmarks/hold.py" "$delay" "$prefix" "$procs" &
    holder=$!
    echo "delay by hold.py (this kernel has no netem), one way: $delay ms"
fi
sleep 1
ip netns exec "${prefix}0" ping -U -c 5 -q 10.77.0.2 2>/dev/null | sed -n 's/^rtt/round trip/p' || true

# The launcher's settings, so that memory behaves as in training.
export GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.tcache_count=0 MALLOC_MMAP_THRESHOLD_=4294967296 MALLOC_TRIM_THRESHOLD_=34359738368
export MALLOC_TOP_PAD_=67108864 OMP_NUM_THREADS=1
classes=$home/benchmarks/target/classes:$(cat "$home/benchmarks/target/classpath.txt")
logs=$(mktemp -d)
echo "| P | bytes | tree, ms | ring, ms | tree/ring |"
echo "| --- | --- | --- | --- | --- |"
pids=()
for ((rank = procs - 1; rank >= 0; rank--)); do
    RANK=$rank LOCAL_RANK=0 WORLD_SIZE=$procs MASTER_ADDR=10.77.0.1 MASTER_PORT=29555 GLOO_SOCKET_IFNAME=veth0 \
        ip netns exec "$prefix$rank" java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
        -Dorg.bytedeco.javacpp.maxPhysicalBytes=0 -Dorg.bytedeco.javacpp.maxBytes=0 -cp "$classes" \
        dev.lockstep.collective.CollectiveBenchmark --kib "$kib" --seconds "$seconds" "${@:5}" 2>"$logs/$rank" &
    pids+=($!)
done
code=0
for pid in "${pids[@]}"; do wait "$pid" || code=$?; done
if [ "$code" != 0 ]; then tail -n 3 "$logs"/*; fi
exit "$code"
