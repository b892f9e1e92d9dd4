package dev.lockstep.supervise;

import java.time.Duration;

/** Daemon threads and sleeping, for monitoring processes. */
final class Threads {
    private Threads() {}

    static void start(String name, Runnable body) {
        Thread thread = new Thread(body, name);
        thread.setDaemon(true);
        thread.start();
    }

    /** Runs something later. */
    static void after(Duration delay, String name, Runnable body) {
        start(name, () -> {
            pause(delay);
            body.run();
        });
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
