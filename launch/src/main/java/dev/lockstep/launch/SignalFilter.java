package dev.lockstep.launch;

import java.util.Map;

/**
 * Decides which signals count. A signal to a whole group, as from a terminal, systemd, Slurm or {@code timeout},
 * reaches a process and its launcher, which forwards it: counting that as the user's second signal would end the
 * process unsaved.
 *
 * @param child whether a Lockstep process started this one; it forwards every signal as SIGTERM
 * @param launched whether another program started this one; it decides how long to wait before it kills
 */
record SignalFilter(boolean child, boolean launched) {
    static SignalFilter ofThisProcess() {
        return of(ParentWatch.isChild(), System.getenv());
    }

    static SignalFilter of(boolean child, Map<String, String> environment) {
        return new SignalFilter(child, child || Contracts.isLaunched(new Variables(environment)));
    }

    /**
     * @param name without SIG
     * @param again whether an earlier signal counted
     */
    boolean counts(String name, boolean again) {
        return child ? name.equals("TERM") && !again : !(launched && again);
    }
}
