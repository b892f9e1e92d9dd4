package dev.lockstep.cli.command;

import dev.lockstep.cli.terminal.OptionHints;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.errors.Printable;
import dev.lockstep.launch.ErrorFile;
import dev.lockstep.supervise.FailurePolicy;
import dev.lockstep.supervise.GroupFailure;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The command line's policy: prints the failure and halts with exit code 4, whatever the other threads are doing: they
 * may hang in native code.
 */
final class HaltOnFailure implements FailurePolicy {
    private static final int LONGEST = 2000;
    private static final long PRINTING_SECONDS = 1;

    @Override
    public void onFailure(GroupFailure failure) {
        CountDownLatch printed = new CountDownLatch(1);
        String line = Printable.of(OptionHints.addTo(failure.message()), LONGEST);
        // Not System.err: its lock may be held by a thread that waits for a reader that is gone.
        Thread printing = new Thread(
                () -> {
                    print("error: " + line + "\n");
                    ErrorFile.write(System.getenv(), line);
                    printed.countDown();
                },
                "lockstep-last-words");
        printing.setDaemon(true);
        printing.start();
        try {
            printed.await(PRINTING_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(LockstepException.Kind.WORKER.exitCode());
    }

    private static void print(String line) {
        try (FileOutputStream err = new FileOutputStream(FileDescriptor.err)) {
            err.write(line.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // The reader is gone.
        }
    }

    @Override
    public boolean endsProcess() {
        return true;
    }
}
