#!/bin/bash
# A third host attacks a group that it does not belong to: reads, writes, injects, floods. Needs root, for network namespaces.
#   evidence/attacks.sh
# Three hosts on one network. The first two train together, as under a launcher that sets RANK and the others, with a secret;
# then the first trains alone with --procs 2. The weights must be those of a run that nobody disturbed.
export LC_ALL=C.UTF-8
# shellcheck source=evidence/common.sh
. "$(dirname -- "$0")/common.sh"
steps=700
prefix=lockstep-$$-
bridge=lsa$$

# shellcheck disable=SC2317 # called by the trap
clean() {
    for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null; done
    for i in 1 2 3; do ip netns del "$prefix$i" 2>/dev/null; done
    ip link del "$bridge" 2>/dev/null
    rm -rf "$work"
}
pids=()
trap clean EXIT

if ! ip link add "$bridge" type bridge 2>/dev/null; then
    echo "skipped: network namespaces need root and iproute2"
    exit 0
fi
ip link set "$bridge" up
for i in 1 2 3; do
    ip netns add "$prefix$i"
    ip -n "$prefix$i" link set lo up
    ip link add "lsv$$-$i" type veth peer name veth0 netns "$prefix$i"
    ip link set "lsv$$-$i" master "$bridge" up
    ip -n "$prefix$i" addr add "10.77.1.$i/24" dev veth0
    ip -n "$prefix$i" link set veth0 up
done
on() { # on HOST COMMAND …
    ip netns exec "$prefix$1" "${@:2}"
}
attacker() {
    on 3 java -XX:TieredStopAtLevel=1 "$home/evidence/Attacker.java" "$@"
}
resident() { # KiB of a process
    sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
}
descriptors() {
    find "/proc/$1/fd" -maxdepth 1 | wc -l
}
verdict() { # verdict CLASS COMMAND …
    class=$1
    shift
    if "$@"; then echo "survived  $class"; else
        echo "FAILED    $class"
        failures=$((${failures:-0} + 1))
    fi
}
first_step() { # waits for the first step of a run
    for ((i = 0; i < 600; i++)); do
        grep -qs '"type":"step"' "$1/metrics.jsonl" && return
        sleep 0.1
    done
}

train "$work/alone" --stop-after "$steps" --procs 2
expected=$(result "$work/alone" weights_sha256)

# ---- Two hosts

(umask 077 && head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$work/secret")
out=$work/group
for rank in 1 0; do
    RANK=$rank LOCAL_RANK=0 WORLD_SIZE=2 MASTER_ADDR=10.77.1.1 MASTER_PORT=29571 LOCKSTEP_GROUP_SECRET=$work/secret \
        on $((rank + 1)) "$lockstep" train "$home/recipes/fashion-mnist.yaml" --out "$out" --stop-after "$steps" --lanes 1 \
        >"$out.$rank.log" 2>&1 &
    pids+=($!)
done
first_step "$out"
zero=${pids[1]}
zero=$(pgrep -P "$zero" java || echo "$zero")
echo "open on the host of rank 0 while it trains: $(attacker scan 10.77.1.1)"
echo "open on the host of rank 1 while it trains: $(attacker scan 10.77.1.2)"
before=$(resident "$zero")
files=$(descriptors "$zero")
attacker attack 10.77.1.1 29571 | sed 's/^/    /'
after=$(resident "$zero")
files_after=$(descriptors "$zero")
grep -qs '^State:[[:space:]]*[RSD]' "/proc/$zero/status" && still=yes
code=0
for pid in "${pids[@]}"; do wait "$pid" || code=$?; done
pids=()
notices=$(grep -c '^notice: refused' "$out.0.log")
echo "rank 0 in the attack: $((after - before)) KiB more, $((files_after - files)) descriptors more, $notices notice(s)"
verdict "the group was still training when the attacks ended" test "${still:-no}" = yes
verdict "the group ends with exit code 0 (was $code)" test "$code" -eq 0
verdict "the weights of an undisturbed run" test "$(result "$out" weights_sha256)" = "$expected"
verdict "one notice" test "$notices" -eq 1
verdict "no escape sequence of the attacker in the logs" test -z "$(grep -l $'\e' "$out".?.log)"
verdict "memory: less than 64 MiB more" test $((after - before)) -lt 65536
verdict "descriptors: at most 64 more" test $((files_after - files)) -le 64

# ---- One host, two processes

out=$work/local
on 1 "$lockstep" train "$home/recipes/fashion-mnist.yaml" --out "$out" --stop-after 200 --procs 2 >"$out.log" 2>&1 &
pids=($!)
first_step "$out"
open=$(attacker scan 10.77.1.1)
echo "open on a host that trains with --procs 2: ${open:-nothing}"
wait "${pids[0]}"
code=$?
pids=()
verdict "a local group opens no port to others" test -z "$open"
verdict "and ends with exit code 0 (was $code)" test "$code" -eq 0
exit "${failures:-0}"
