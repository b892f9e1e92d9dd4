package dev.lockstep.evidence.process;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Waits for other processes. */
public final class Await {
    private static final int PAUSE_MILLIS = 10;

    private Await() {}

    /** Waits until a condition holds, for at most this many milliseconds; returns whether it. */
    public static boolean within(long millis, BooleanSupplier condition) {
        return within(millis, PAUSE_MILLIS, condition);
    }

    /** Like {@link #within}, without pauses: for states that last only a few milliseconds. */
    public static boolean closely(long millis, BooleanSupplier condition) {
        return within(millis, 0, condition);
    }

    private static boolean within(long millis, int pause, BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (millisSince(start) >= millis) {
                return false;
            }
            if (pause > 0) {
                sleep(pause);
            }
        }
        return true;
    }

    public static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    /** Milliseconds since a moment of {@link System#nanoTime}. */
    public static long millisSince(long nanos) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanos);
    }
}
