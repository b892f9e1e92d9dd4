#!/bin/bash
# The faults that a run must name, survive or refuse, by real processes. Every outcome is asserted and is one line.
#   evidence/faults.sh [phases|start|memory|damage|disk|folder|restarts|signals|refusals|hosted|network …]  (all, when none is named)
# A signal hits a phase that is read off the run's own files: the newest checkpoint, the temporary file of the one being
# written, and for the evaluation a thread dump. 'disk' and 'network' need root, for a small file system and for network
# namespaces; elsewhere they say that they were skipped.
export LC_ALL=C.UTF-8
# shellcheck source=evidence/common.sh
. "$(dirname -- "$0")/common.sh"
host=$(cat /proc/sys/kernel/hostname)
jcmd=$(dirname -- "$(readlink -f -- "${JAVA_HOME:+$JAVA_HOME/bin/java}" "$(command -v java)" | head -n 1)")/jcmd

# Checkpoints of 9.5 MB, so that writing one takes a while, steps of about 0.1 s, an evaluation of seconds after step 8.
last=12
# shellcheck disable=SC2054 # the commas belong to the dataset's name
small=(--set data.dataset=synthetic:images=512,validation=6000,shape=1x8x8,classes=10 --set model.width=64
    --set images-per-worker=8 --checkpoint-every 1 --stop-after "$last")
patience=3
limit=5000

# Bash tells of every process of its own that is killed, and that is the point here.
exec 2> >(grep --line-buffered -vE 'line [0-9]+: +[0-9]+ Killed' >&2)

started=()
clean() {
    for process in "${started[@]}"; do
        kill -KILL -- "-$process" 2>/dev/null
    done
    for space in "${spaces[@]}"; do
        ip netns del "$space" 2>/dev/null
    done
    [ -z "$mounted" ] || umount "$mounted"
    rm -rf "$work"
}
spaces=()
mounted=
trap clean EXIT
trap 'exit 143' HUP INT TERM

# ---- Assertions: what is wrong is collected, a case ends with its line

wrong=()
claim() { # claim WHAT COMMAND …
    what=$1
    shift
    "$@" || wrong+=("$what")
}
says() { # says FILE PATTERN: an extended regular expression
    grep -qE -- "$2" "$1"
}
conclude() { # conclude CASE [DETAIL]
    if [ "${#wrong[@]}" -eq 0 ]; then
        echo "ok      $1${2:+: $2}"
    else
        printf -v reasons '%s; ' "${wrong[@]}"
        echo "FAILED  $1${2:+: $2}: ${reasons%; }"
        failures=$((${failures:-0} + 1))
        [ -z "${KEEP_FAILED:-}" ] || cp -r "$work" "$KEEP_FAILED/failed-$failures"
    fi
    wrong=()
}

# ---- Processes

# Milliseconds since some moment.
clock() {
    now=${EPOCHREALTIME/[.,]/}
    now=$((now / 1000))
}
gone() { # gone PID …: whether all have ended; a zombie has
    for process in "$@"; do
        state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$process/status" 2>/dev/null)
        [ -z "$state" ] || [ "$state" = Z ] || return 1
    done
}
within() { # within MILLISECONDS COMMAND …: waits until the command succeeds
    clock
    deadline=$((now + $1))
    shift
    until "$@"; do
        clock
        [ "$now" -lt "$deadline" ] || return 1
        sleep 0.02
    done
}

# launch OUT [OPTION …]: a run in the background, in a process group of its own; sets $launcher
launch() {
    out=$1
    shift
    env --default-signal=INT setsid "$lockstep" train "$home/recipes/fashion-mnist.yaml" --out "$out" "${small[@]}" "$@" \
        >"$out.log" 2>&1 &
    launcher=$!
    started+=("$launcher")
}

# ended PID: waits for a background process; its status is in $code
ended() {
    wait "$1"
    code=$?
}

# ---- Phases

# The step of the newest checkpoint of $out, in $newest.
find_newest() {
    files=("$out"/checkpoints/step-*.safetensors)
    name=${files[-1]##*/step-}
    newest=0
    [ ! -e "${files[-1]}" ] || newest=$((10#${name%.safetensors}))
}
reached() {
    find_newest
    [ "$newest" -ge "$1" ]
}
writing() {
    files=("$out"/checkpoints/*.tmp)
    [ -e "${files[0]}" ]
}
evaluated() { # whether the result of an epoch is there
    says "$out/metrics.jsonl" '"type":"epoch"'
}
evaluating() { # PID of a rank
    "$jcmd" "$1" Thread.print 2>/dev/null | grep -q 'dev.lockstep.train.Evaluator'
}

# await_phase PHASE PID: returns in the moment in which the signal should be sent
await_phase() {
    case $1 in
        step)
            within 60000 reached 3 || return 1
            while writing; do :; done
            ;;
        evaluation)
            within 60000 reached 8 && within 10000 evaluating "$2"
            ;;
        checkpoint)
            within 60000 reached 2 || return 1
            clock
            deadline=$((now + 10000))
            until writing; do
                clock
                [ "$now" -lt "$deadline" ] || return 1
            done
            ;;
    esac
}

# Whether the phase lasted until after the signal, and what shows it, in $shown.
was_hit() {
    find_newest
    case $1 in
        step)
            shown="step $((newest + 1)) or the one after it, no checkpoint being written"
            ! writing && [ "$newest" -lt 7 ]
            ;;
        evaluation)
            shown="thread dump in the evaluation before, no result of it after"
            ! evaluated
            ;;
        checkpoint)
            writing && shown="${files[0]##*/} being written before and after"
            ;;
    esac
}

cause() { # of a victim, as its survivors name it, for a signal
    case $1 in
        KILL) echo 'was killed by signal 9 \(SIGKILL\), exit status 137' ;;
        STOP) echo "gave no sign of life for $patience s" ;;
    esac
}

# untouched: the weights that every run must end with, in $expected
untouched() {
    [ -z "${expected:-}" ] || return 0
    train "$work/untouched" "${small[@]}"
    expected=$(result "$work/untouched" weights_sha256)
    is_hash "$expected" || { echo "the untouched run has no weights" >&2 && exit 1; }
}
resumes() { # OUT [OPTION …]: whether the run, gone on with, ends with all tensors of the untouched one
    "$lockstep" train "$home/recipes/fashion-mnist.yaml" --out "$1" "${small[@]}" "${@:2}" >"$1.resumed.log" 2>&1 &&
        [ "$(result "$1" weights_sha256)" = "$expected" ] && [ "$(tensors "$1")" = "$(tensors "$work/untouched")" ]
}

# hit SIGNAL VICTIM PHASE PROCESSES
hit() {
    for try in 1 2 3 4 5; do
        launch "$work/$1-$2-$3-$4-$try" --procs "$4" --lanes 1 --peer-timeout "$patience"
        if within 60000 find_ranks "$4" && await_phase "$3" "${ranks[0]}"; then
            kill "-$1" "${ranks[$2]}"
            clock
            struck=$now
            was_hit "$3" && return 0
        fi
        kill -KILL -- "-$launcher" 2>/dev/null
        wait "$launcher" 2>/dev/null
    done
    return 1
}

fault() { # SIGNAL VICTIM PHASE PROCESSES
    title="SIG$1 of rank $2 of $4 during the $3"
    if ! hit "$@"; then
        wrong+=("the phase was missed five times")
        conclude "$title"
        return
    fi
    allowed=$limit
    [ "$1" = KILL ] || allowed=$((patience * 1000 + limit))
    line="error: rank $2 on $host $(cause "$1"), (last log lines: .+|its log is empty), see $out/logs/rank-$2.log"
    for ((rank = 0; rank < $4; rank++)); do
        [ "$rank" -eq "$2" ] ||
            claim "rank $rank did not name it" within "$allowed" says "$out/logs/rank-$rank.log" "^$line"
    done
    clock
    took=$((now - struck))
    claim "named after $took ms" test "$took" -le "$allowed"
    claim "processes are left" within 5000 gone "${ranks[@]}" "$launcher"
    ended "$launcher"
    claim "exit code $code" test "$code" -eq 4
    claim "the launcher did not name it" says "$out.log" "^$line"
    claim "resumed to other weights" resumes "$out" --procs 1 --lanes 2
    claim "not resumed from the newest checkpoint" test "$(superseded "$out")" -eq 0
    conclude "$title" "hit ($shown), named after $took ms, exit code 4, nobody left, resumed to the same weights"
}

phases() {
    untouched
    for signal in KILL STOP; do
        for victim in 0 1; do
            for phase in step evaluation checkpoint; do
                fault "$signal" "$victim" "$phase" 2
            done
        done
    done
    fault KILL 2 step 4
    fault STOP 0 step 4
}

# A rank that is stopped before it has told anybody that it is there.
start() {
    untouched
    launch "$work/start" --procs 2 --lanes 1 --peer-timeout "$patience"
    within 60000 find_ranks 2
    kill -STOP "${ranks[1]}"
    clock
    struck=$now
    line="^error: rank 1 on $host (did not start within 60 s|$(cause STOP)), "
    claim "the launcher did not name it" within $((60000 + limit)) says "$out.log" "$line"
    clock
    took=$((now - struck))
    claim "rank 0 did not name it" says "$out/logs/rank-0.log" "$line"
    claim "processes are left" within 5000 gone "${ranks[@]}" "$launcher"
    ended "$launcher"
    claim "exit code $code" test "$code" -eq 4
    claim "resumed to other weights" resumes "$out"
    conclude "SIGSTOP of rank 1 of 2 right after its start" "named after $took ms, exit code 4, nobody left"
}

# ---- Memory

memory() {
    # So small a rate that no weight moves, and what a checkpoint holds is found in memory steps later.
    # fc.weight, because memory has the values of convolutions in another order than the file.
    launch "$work/memory" --procs 4 --lanes 1 --audit-every 1 --set learning-rate.reference=1e-30
    within 60000 find_ranks 4
    within 60000 reached 2
    kill -STOP -- "-$launcher"
    copies=$(java "$home/evidence/FlipBit.java" "${ranks[2]}" "${files[-1]}" fc.weight)
    kill -CONT -- "-$launcher"
    claim "the tensor was not found" test "${copies:-0}" -ge 1
    ended "$launcher"
    claim "exit code $code" test "$code" -eq 4
    line='^error: processes disagree: rank = 2 has another parameter fc.weight than rank = 0, step = [0-9]+, check'
    for rank in 0 1 2 3; do
        claim "rank $rank did not name it" says "$out/logs/rank-$rank.log" "$line"
    done
    claim "the launcher does not say it" says "$out.log" "$line"
    claim "the launcher says something else" test "$(grep '^error' "$out.log" | grep -cv 'rank = 2 has another')" -eq 0
    conclude "a bit flipped in the memory of rank 2 of 4" "process and tensor named by all, exit code 4"
}

# ---- Checkpoints

damage() {
    untouched
    newest_file=$(printf '%s/untouched/checkpoints/step-%08d.safetensors' "$work" "$last")
    bytes=$(stat -c %s "$newest_file")
    for ((part = 0; part < 16; part++)); do
        out="$work/truncated"
        rm -rf "$out"
        cp -r "$work/untouched" "$out"
        truncate -s $((bytes * part / 16)) "$out/checkpoints/${newest_file##*/}"
        claim "resumed to other weights" resumes "$out"
        claim "not reported" says "$out.resumed.log" "skipping a checkpoint: .*file = $out/checkpoints/${newest_file##*/}"
        claim "another than the one before used" test "$(superseded "$out")" -eq 1
        conclude "newest checkpoint cut at $part/16" "reported, the one before used, same weights"
    done
    for at in 3 200 $((bytes / 2)) $((bytes - 1)); do
        out="$work/flipped"
        rm -rf "$out"
        cp -r "$work/untouched" "$out"
        flip "$out/checkpoints/${newest_file##*/}" "$at"
        claim "resumed to other weights" resumes "$out"
        claim "not reported" says "$out.resumed.log" "skipping a checkpoint: .*file = $out/checkpoints/${newest_file##*/}"
        claim "another than the one before used" test "$(superseded "$out")" -eq 1
        conclude "newest checkpoint with a flipped byte at $at" "reported, the one before used, same weights"
    done
    truncate -s 1000 "$out"/checkpoints/*.safetensors
    out="$work/flipped.log"
    "$lockstep" train "$home/recipes/fashion-mnist.yaml" --out "$work/flipped" "${small[@]}" >"$out" 2>&1
    code=$?
    claim "exit code $code" test "$code" -eq 6
    claim "not said" says "$out" '^error: no good checkpoint is left: .*--resume never'
    claim "more than one line" test "$(grep -c '^error' "$out")" -eq 1
    conclude "every checkpoint damaged" "refused with exit code 6"
}
flip() { # FILE OFFSET
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    # shellcheck disable=SC2059 # the format is the byte
    printf "\\x$(printf %02x $((byte ^ 16)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

disk() {
    small_disk="$work/small"
    mkdir "$small_disk"
    if ! mount -t tmpfs -o size=24m lockstep-faults "$small_disk" 2>/dev/null; then
        echo "skipped full disk: mounting a small file system needs root"
        return
    fi
    mounted=$small_disk
    untouched
    # Two checkpoints fit, the third does not until one of them is gone, and that is only after it.
    launch "$small_disk/run" --procs 2 --lanes 1
    ended "$launcher"
    claim "exit code $code" test "$code" -eq 6
    claim "no warning" says "$out.log" 'warning: checkpoint of step 3 was not written: No space left on device; training goes on'
    claim "training stopped" says "$out/metrics.jsonl" "\"step\":$last,"
    claim "no last word" says "$out.log" "^error: the checkpoint of the last step could not be written.*"
    find_newest
    claim "the newest checkpoint is of step $newest" test "$newest" -eq 2
    claim "unfinished files" test -z "$(find "$out/checkpoints" -name '*.tmp')"
    cp -r "$out" "$work/rescued"
    claim "the old checkpoint is not whole" resumes "$work/rescued"
    conclude "full disk" "a warning for each checkpoint, trained to the end, the old ones whole, exit code 6 as the last is missing"
    rm -rf "$out"
    launch "$small_disk/freed" --procs 2 --lanes 1 
    within 60000 reached 2
    until says "$out.log" 'was not written'; do
        gone "$launcher" && break
        sleep 0.02
    done
    mount -o remount,size=64m "$small_disk"
    ended "$launcher"
    claim "exit code $code" test "$code" -eq 0
    claim "other weights" test "$(result "$out" weights_sha256)" = "$expected"
    conclude "full disk that is given room" "a warning, checkpoints go on, exit code 0, same weights"
    umount "$small_disk" && mounted=
}

folder() {
    untouched
    launch "$work/shared" --procs 2 --lanes 1
    within 60000 reached 1
    # Stopped, so that it is still there when the second one comes, however slow the machine; it holds its lock.
    kill -STOP -- "-$launcher"
    for procs in 1 2; do
        "$lockstep" train "$home/recipes/fashion-mnist.yaml" --out "$work/shared" "${small[@]}" --procs "$procs" --lanes 1 \
            >"$work/second.log" 2>&1
        code=$?
        claim "exit code $code" test "$code" -eq 2
        claim "not said" says "$work/second.log" "^error: another run is writing to this folder, out = $work/shared"
        conclude "a second run on one folder, P = $procs" "refused with exit code 2"
    done
    find_newest
    claim "the first had ended" test "$newest" -lt "$last"
    out="$work/shared"
    kill -CONT -- "-$launcher"
    ended "$launcher"
    claim "exit code $code" test "$code" -eq 0
    claim "other weights" test "$(result "$out" weights_sha256)" = "$expected"
    conclude "the first run of that folder" "stopped meanwhile, goes on to the same weights"
}

# ---- Restarts and signals

restarts() {
    untouched
    for case in "KILL 1 step 2" "KILL 0 checkpoint 2" "STOP 1 evaluation 2" "STOP 0 step 1"; do
        read -r signal victim phase procs <<<"$case"
        launch "$work/restart-$signal-$victim-$procs" --procs "$procs" --lanes 1 --max-restarts 1 --peer-timeout "$patience"
        restarted "$signal" "$victim" "$phase" "$procs"
        conclude "SIG$signal of rank $victim of $procs during the $phase, --max-restarts 1" \
            "started again from step $resumed_at, exit code 0, same weights"
    done
    # What the folder holds is of another future: the restart must neither take it up nor lose what this run has done.
    cp -r "$work/untouched" "$work/restart-never"
    launch "$work/restart-never" --procs 2 --lanes 1 --max-restarts 1 --resume never
    within 60000 test -e "$(printf '%s/checkpoints/step-%08d.safetensors.superseded' "$out" "$last")"
    restarted KILL 1 step 2
    conclude "the same with --resume never on an old folder" "started again from step $resumed_at, not from the start"
    launch "$work/restart-twice" --procs 2 --lanes 1 --max-restarts 1
    for life in 1 2; do
        within 60000 find_ranks 2
        until gone "$launcher" || reached $((3 * life)); do sleep 0.02; done
        kill -KILL "${ranks[1]}"
        within 5000 gone "${ranks[@]}"
    done
    ended "$launcher"
    claim "exit code $code" test "$code" -eq 4
    claim "no restart" says "$out.log" "^restart 1 of 1: rank 1 on $host was killed by signal 9"
    claim "not named" says "$out.log" "^error: rank 1 on $host was killed by signal 9"
    conclude "SIGKILL in both lives, --max-restarts 1" "exit code 4"
}
restarted() { # SIGNAL VICTIM PHASE PROCESSES: hits the run that was launched and waits for its end
    within 60000 find_ranks "$4"
    await_phase "$3" "${ranks[0]}" || wrong+=("the phase was missed")
    kill "-$1" "${ranks[$2]}"
    find_newest
    resumed_at=$newest
    ended "$launcher"
    claim "exit code $code" test "$code" -eq 0
    claim "no restart" says "$out.log" "^restart 1 of 1: rank $2 on $host $(cause "$1")"
    claim "other weights" test "$(result "$out" weights_sha256)" = "$expected"
    # Had it begun anew, the metrics of steps before the checkpoint would have been written twice or cut.
    second_life=$(find "$out" -name 'events.out.tfevents.*' | sort | tail -n 1)
    claim "began anew" test "$(stat -c %s "$second_life")" -lt $((650 + 330 * (last - resumed_at + 2)))
}

signals() {
    untouched
    # To all processes of the group, as a terminal, systemd, Slurm and timeout do it, or to the launcher alone.
    for case in "TERM 143 -" "TERM 143" "INT 130 -" "HUP 129 -"; do
        read -r signal expected_code all <<<"$case"
        for procs in 1 2; do
            launch "$work/signal-$signal-$procs$all" --procs "$procs" --lanes 1 --keep 3
            within 60000 reached 2
            kill "-$signal" -- "$all$launcher"
            ended "$launcher"
            claim "exit code $code" test "$code" -eq "$expected_code"
            find_newest
            claim "the result is not of the newest checkpoint" says "$out/result.json" "\"steps\":$newest,"
            files=("$out"/checkpoints/step-*.safetensors)
            claim "${#files[@]} checkpoints stay" test "${#files[@]}" -eq 3
            stopped_at=$newest
            claim "resumed to other weights" resumes "$out" --procs 2 --lanes 1 --loader-threads 3
            conclude "SIG$signal${all:+ to the whole group} at P = $procs" \
                "saved step $stopped_at, exit code $expected_code, the newest --keep 3 stay, resumed to the same weights"
        done
    done
    for procs in 1 2; do
        launch "$work/evaluation-$procs" --procs "$procs" --lanes 1
        ranks=("$launcher")
        [ "$procs" -eq 1 ] || within 60000 find_ranks "$procs"
        await_phase evaluation "${ranks[0]}"
        kill -TERM "$launcher"
        clock
        struck=$now
        ended "$launcher"
        clock
        took=$((now - struck))
        claim "exit code $code" test "$code" -eq 143
        claim "it was evaluated to the end" test "$(grep -c '"type":"epoch"' "$out/metrics.jsonl")" -eq 0
        claim "the result is of another step" says "$out/result.json" '"status":"interrupted",.*"steps":8,"epochs":0,'
        claim "resumed to other weights" resumes "$out"
        claim "evaluated otherwise" test "$(validated "$out")" = "$(validated "$work/untouched")"
        conclude "SIGTERM during the evaluation at P = $procs" \
            "ended after $took ms, saved before, exit code 143, evaluated when resumed, same results and weights"
    done
    for procs in 1 2; do
        # One batch a process, so that the first signal cannot end the evaluation soon.
        launch "$work/twice-$procs" --procs "$procs" --lanes 1 --set evaluation.images-per-batch=$((6000 / procs))
        ranks=("$launcher")
        [ "$procs" -eq 1 ] || within 60000 find_ranks "$procs"
        await_phase evaluation "${ranks[0]}"
        kill -TERM "$launcher"
        sleep 0.1
        clock
        struck=$now
        kill -TERM "$launcher"
        ended "$launcher"
        clock
        took=$((now - struck))
        claim "exit code $code" test "$code" -eq 143
        claim "the evaluation was not cut short" test ! -e "$out/result.json"
        claim "took $took ms" test "$took" -lt 2000
        claim "processes are left" within 1000 gone "${ranks[@]}"
        claim "resumed to other weights" resumes "$out"
        conclude "a second SIGTERM at P = $procs" "ended after $took ms in the evaluation, exit code 143, resumed to the same weights"
    done
}

validated() { # OUT: the results of its evaluations
    grep '"type":"epoch"' "$1/metrics.jsonl" | sed 's/.*\("validation_top1_error".*\),"seconds".*/\1/'
}

refusals() {
    untouched
    out="$work/other-recipe"
    cp -r "$work/untouched" "$out"
    "$lockstep" train "$home/recipes/fashion-mnist.yaml" --out "$out" "${small[@]}" --set seed=2 --set workers=4 >"$out.log" 2>&1
    code=$?
    claim "exit code $code" test "$code" -eq 6
    claim "keys are not named" says "$out.log" '^error: checkpoint is of another recipe: seed = 2 \(1\), workers = 4 \(8\)'
    conclude "a checkpoint of another recipe" "refused with exit code 6, seed and workers named"
    launch "$work/diverged" --procs 2 --lanes 1 --set learning-rate.reference=1e6
    ended "$launcher"
    claim "exit code $code" test "$code" -eq 5
    for rank in 0 1; do
        claim "rank $rank does not say where" says "$out/logs/rank-$rank.log" \
            '^error: training diverged: .*step = [0-9]+, (worker = [0-9]+, )?learning rate = 250000'
    done
    claim "no result" says "$out/result.json" '"status":"diverged"'
    conclude "a loss that is not finite, P = 2" "exit code 5, step and learning rate named by both"
}

# ---- Groups that another launcher starts

# hosted SIZE [OPTION …]: a group as torchrun starts it, with $master and $port; rank i in the namespace $spaces[i % 2] when
# there are some; sets $ranks. EXTRA_i holds more options for rank i.
hosted() {
    size=$1
    shift
    ranks=()
    for ((rank = 0; rank < size; rank++)); do
        space=${spaces[rank % 2]:-}
        extra="EXTRA_$rank"
        # shellcheck disable=SC2016,SC2086 # expanded by the inner shell; the extra options are words
        RANK=$rank WORLD_SIZE=$size LOCAL_RANK=$rank MASTER_ADDR=$master MASTER_PORT=$port \
            setsid ${space:+ip netns exec "$space" unshare --uts sh -c 'hostname "$0"; exec "$@"' "$space"} \
            "$lockstep" train "$home/recipes/fashion-mnist.yaml" --out "$out" "${small[@]}" --lanes 1 \
            --peer-timeout "$patience" "$@" ${!extra:-} >"$out.$rank.log" 2>&1 &
        ranks[rank]=$!
        started+=("$!")
    done
}
free_port() {
    port=$((RANDOM % 10000 + 20000))
    while (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        port=$((port + 1))
    done
}

# hosted_fault SIGNAL VICTIM SIZE HOST
hosted_fault() {
    out="$work/hosted-${spaces[0]:-}-$1-$2"
    free_port
    hosted "$3"
    within 60000 reached 2
    kill "-$1" "${ranks[$2]}"
    clock
    struck=$now
    hosted_named "$@"
    claim "resumed to other weights" resumes "$out"
    conclude "${spaces[0]:+in namespaces: }SIG$1 of rank $2 of $3 without our launcher" \
        "named with its host by every survivor after $took ms, exit code 4, resumed to the same weights"
}
hosted_named() { # SIGNAL VICTIM SIZE HOST
    allowed=$limit
    words='ended without taking leave'
    [ "$1" = KILL ] || { allowed=$((patience * 1000 + limit)) words=$(cause STOP); }
    for ((rank = 0; rank < $3; rank++)); do
        [ "$rank" -eq "$2" ] ||
            claim "rank $rank did not name it" within "$allowed" says "$out.$rank.log" "^error: rank $2 on $4 $words"
    done
    clock
    took=$((now - struck))
    claim "named after $took ms" test "$took" -le "$allowed"
    for ((rank = 0; rank < $3; rank++)); do
        if [ "$rank" -ne "$2" ]; then
            claim "rank $rank is left" within 3000 gone "${ranks[rank]}" && ended "${ranks[rank]}"
            claim "rank $rank has exit code $code" test "$code" -eq 4
        fi
    done
    kill -KILL "${ranks[$2]}" 2>/dev/null
    wait "${ranks[$2]}" 2>/dev/null
}
codes() { # codes CODE: every rank ends with it
    for rank in "${!ranks[@]}"; do
        ended "${ranks[rank]}"
        claim "rank $rank has exit code $code" test "$code" -eq "$1"
    done
}

hosted_groups() {
    untouched
    master=127.0.0.1
    for size in 2 4; do
        out="$work/hosted-$size"
        free_port
        hosted "$size"
        codes 0
        claim "other weights" test "$(result "$out" weights_sha256)" = "$expected"
        conclude "$size processes with torchrun's variables" "same weights"
    done
    for case in "KILL 0" "KILL 1" "STOP 0" "STOP 1"; do
        read -r signal victim <<<"$case"
        hosted_fault "$signal" "$victim" 4 "$host"
    done
    free_port
    out="$work/hosted-stopped"
    hosted 2
    within 60000 reached 2
    kill -TERM "${ranks[1]}"
    codes 143
    find_newest
    claim "the result is not of the newest checkpoint" says "$out/result.json" "\"steps\":$newest,"
    claim "resumed to other weights" resumes "$out"
    conclude "SIGTERM of one of 2 without our launcher" "both stop after step $newest, exit code 143, resumed to the same weights"
    free_port
    out="$work/hosted-recipes"
    EXTRA_1="--set seed=2 --set model.width=32" hosted 2
    codes 2
    for rank in 0 1; do
        claim "rank $rank does not name the keys" says "$out.$rank.log" \
            '^error: processes have different recipes: model.width = 64 \(32\), seed = 1 \(2\), rank = 0 \(rank = 1\)'
    done
    claim "trained" test ! -e "$out/metrics.jsonl"
    conclude "processes with different recipes" "refused by both before training, exit code 2, keys named"
    free_port
    out="$work/hosted-options"
    EXTRA_1="--collective native --audit-every 5" hosted 2
    codes 2
    for rank in 0 1; do
        claim "rank $rank does not name the options" says "$out.$rank.log" \
            '^error: processes have different options: collective = tree \(native\), audit-every = 0 \(5\)'
    done
    conclude "processes with different options" "refused by both before training, exit code 2, options named"
    free_port
    RANK=0 WORLD_SIZE=2 LOCAL_RANK=0 MASTER_ADDR=$master MASTER_PORT=$port setsid "$lockstep" train \
        "$home/recipes/fashion-mnist.yaml" --out "$work/holder" "${small[@]}" >"$work/holder.log" 2>&1 &
    holder=$!
    started+=("$holder")
    port_open() { (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }
    within 30000 port_open
    out="$work/hosted-port"
    RANK=0 WORLD_SIZE=2 LOCAL_RANK=0 MASTER_ADDR=$master MASTER_PORT=$port "$lockstep" train \
        "$home/recipes/fashion-mnist.yaml" --out "$out" "${small[@]}" >"$out.log" 2>&1
    code=$?
    kill -KILL "$holder"
    wait "$holder" 2>/dev/null
    claim "exit code $code" test "$code" -eq 2
    claim "not said" says "$out.log" "^error: MASTER_PORT = $port is taken, .*choose another port for all processes$"
    claim "more than one line" test "$(grep -c . <(grep -v '^warning' "$out.log"))" -eq 1
    conclude "a master port that is taken" "one line, exit code 2"
}

# Two machines: network namespaces with a cable between them, each with a host name of its own.
network() {
    near="lockstep-a-$$" far="lockstep-b-$$"
    if ! ip netns add "$near" 2>/dev/null; then
        echo "skipped two machines: network namespaces need root and iproute2"
        return
    fi
    spaces=("$near" "$far")
    ip netns add "$far"
    ip -n "$near" link add lockstep type veth peer name lockstep netns "$far"
    ip -n "$near" addr add 10.77.0.1/24 dev lockstep
    ip -n "$far" addr add 10.77.0.2/24 dev lockstep
    for space in "${spaces[@]}"; do
        ip -n "$space" link set lo up
        ip -n "$space" link set lockstep up
    done
    untouched
    master=10.77.0.1
    out="$work/network"
    free_port
    hosted 4
    codes 0
    claim "other weights" test "$(result "$out" weights_sha256)" = "$expected"
    conclude "in namespaces: 4 processes on two machines" "same weights"
    hosted_fault KILL 1 4 "$far"
    hosted_fault KILL 0 4 "$near"
    hosted_fault STOP 3 4 "$far"
    hosted_fault STOP 0 4 "$near"
    out="$work/cut"
    free_port
    hosted 2
    within 60000 reached 2
    ip -n "$far" link set lockstep down
    clock
    struck=$now
    allowed=$((patience * 1000 + limit))
    claim "rank 0 did not name rank 1" within "$allowed" says "$out.0.log" "^error: rank 1 on $far $(cause STOP)"
    claim "rank 1 did not name rank 0" within "$allowed" says "$out.1.log" "^error: rank 0 on $near $(cause STOP)"
    clock
    took=$((now - struck))
    codes 4
    conclude "in namespaces: the cable is pulled" "each side names the other after $took ms, exit code 4"
    for space in "${spaces[@]}"; do
        ip netns del "$space"
    done
    spaces=()
}

[ "$#" -gt 0 ] || set -- phases start memory damage disk folder restarts signals refusals hosted network
for section; do
    case $section in
        phases | start | memory | damage | disk | folder | restarts | signals | refusals | network) "$section" ;;
        hosted) hosted_groups ;;
        *) echo "no such section: $section" >&2 && exit 2 ;;
    esac
done
finish
