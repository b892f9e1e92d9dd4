package dev.lockstep.supervise;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Daemon threads and sleeping, for monitoring processes. */
final class Threads {
    private static final ScheduledExecutorService TIMER = Executors.newSingleThreadScheduledExecutor(body -> {
        Thread thread = new Thread(body, "lockstep-timer");
        thread.setDaemon(true);
        return thread;
    });

    private Threads() {}

    static void start(String name, Runnable body) {
        Thread thread = new Thread(body, name);
        thread.setDaemon(true);
        thread.start();
    }

    /** Runs something short later. */
    static void after(Duration delay, Runnable body) {
        TIMER.schedule(body, delay.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Sleeps; returns early when interrupted, and stays interrupted. */
    static void pause(Duration duration) {
        try {
            Thread.sleep(duration.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
