package dev.lockstep.launch;

import java.util.Map;

/**
 * Which signals count. A signal to a whole group, as from a terminal, systemd, Slurm or {@code timeout}, reaches a process
 * and its launcher, which passes it on: to take that for the user's second one would end the process unsaved.
 *
 * @param child whether a process of Lockstep started this one; it passes every signal on as SIGTERM
 * @param launched whether another program started this one; it waits as long as it likes, and then kills
 */
record SignalFilter(boolean child, boolean launched) {
    /** Set by torchrun for its processes. */
    private static final String TORCHRUN = "TORCHELASTIC_RUN_ID";

    static SignalFilter ofThisProcess() {
        return of(ParentWatch.isChild(), System.getenv());
    }

    static SignalFilter of(boolean child, Map<String, String> environment) {
        return new SignalFilter(child, child || environment.containsKey(TORCHRUN));
    }

    /**
     * @param name without SIG
     * @param again whether one that counts came before
     */
    boolean counts(String name, boolean again) {
        return child ? name.equals("TERM") && !again : !(launched && again);
    }
}
