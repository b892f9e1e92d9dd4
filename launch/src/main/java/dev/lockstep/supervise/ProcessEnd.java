package dev.lockstep.supervise;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.errors.Printable;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Ends this process at once, whatever its other threads are doing: they may hang in native code. */
final class ProcessEnd {
    private static final int LONGEST = 2000;
    private static final Duration PRINTING = Duration.ofSeconds(1);

    private ProcessEnd() {}

    static void halt(String message) {
        CountDownLatch printed = new CountDownLatch(1);
        // Not System.err: its lock may be held by a thread that waits for a reader who is gone.
        Threads.start("lockstep-last-words", () -> {
            try (FileOutputStream err = new FileOutputStream(FileDescriptor.err)) {
                err.write(("error: " + Printable.of(message, LONGEST) + "\n").getBytes(StandardCharsets.UTF_8));
            } catch (IOException e) {
                // Nobody reads.
            }
            printed.countDown();
        });
        try {
            printed.await(PRINTING.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(LockstepException.Kind.WORKER.exitCode());
    }
}
