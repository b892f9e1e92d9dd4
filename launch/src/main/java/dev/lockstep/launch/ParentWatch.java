package dev.lockstep.launch;

import dev.lockstep.errors.LockstepException;
import java.util.Optional;

/**
 * Ends this process when its parent is gone: a killed study or launcher must leave no orphans. Nothing is lost
 * beyond what a power failure would lose: a run resumes from its last checkpoint.
 */
public final class ParentWatch {
    /** Process id of the parent; set by a parent whose child must not outlive it. */
    static final String VARIABLE = "LOCKSTEP_PARENT";

    private static final long PERIOD_MILLIS = 100;
    /** The exit code of any failed process: 143 would claim that a checkpoint was saved. */
    private static final int EXIT_CODE = LockstepException.Kind.WORKER.exitCode();

    private ParentWatch() {}

    public static void startIfAsked() {
        parent().ifPresent(ParentWatch::start);
    }

    /** Whether another Lockstep process started this one. */
    static boolean isChild() {
        return parent().isPresent();
    }

    private static Optional<Long> parent() {
        return Optional.ofNullable(System.getenv(VARIABLE))
                .filter(pid -> pid.matches("[0-9]{1,10}"))
                .map(Long::valueOf);
    }

    private static void start(long pid) {
        Thread thread = new Thread(() -> watch(pid), "lockstep-parent-watch");
        thread.setDaemon(true);
        thread.start();
    }

    private static void watch(long pid) {
        // The handle remembers when the process started: another process with the same id does not match.
        Optional<ProcessHandle> parent = ProcessHandle.of(pid);
        while (parent.isPresent() && parent.get().isAlive()) {
            try {
                Thread.sleep(PERIOD_MILLIS);
            } catch (InterruptedException e) {
                return;
            }
        }
        Runtime.getRuntime().halt(EXIT_CODE);
    }
}
