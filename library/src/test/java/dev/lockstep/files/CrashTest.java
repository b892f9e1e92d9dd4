package dev.lockstep.files;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.FaultyFileSystem.Loss;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * Repeats some work in a folder, with a power failure at the first change to a file, at the second, and so on until the
 * work finishes first; each time it checks every state that may be left. Modeled on SQLite's crash tests.
 */
public final class CrashTest {
    /** Works in a folder, and records what must survive from then on. */
    public interface Work {
        void in(Path folder, Acknowledged acknowledged) throws IOException;
    }

    /** Checks what a crash left. */
    public interface Check {
        void of(Path folder, long acknowledged) throws IOException;
    }

    /** The last change acknowledged as done; 0 before the first. */
    public static final class Acknowledged {
        private volatile long last;

        public void set(long done) {
            last = done;
        }
    }

    private final Path temporary;

    public CrashTest(Path temporary) {
        this.temporary = temporary;
    }

    /** Loses power at every change. Returns the number of changes. */
    public int losePower(Work work, Check check) throws IOException {
        return losePower(1, Files.createTempDirectory(temporary, "empty"), work, check);
    }

    /**
     * Loses power at every {@code stride}-th change.
     *
     * @param before holds what is on the disk when the work begins
     */
    public int losePower(int stride, Path before, Work work, Check check) throws IOException {
        for (int at = 1; ; at += stride) {
            Path folder = Files.createTempDirectory(temporary, "crash");
            new Disk(before).copyTo(folder, Loss.NOTHING);
            int failing = at;
            AtomicInteger changes = new AtomicInteger();
            FaultyFileSystem[] system = new FaultyFileSystem[1];
            system[0] = new FaultyFileSystem(folder, (change, file) -> {
                if (changes.incrementAndGet() == failing) {
                    system[0].powerOff();
                }
            });
            Acknowledged acknowledged = new Acknowledged();
            attempt(work, system[0].folder(), acknowledged);
            for (Loss loss : Loss.values()) {
                Path left = Files.createTempDirectory(temporary, "left");
                system[0].afterPowerLoss(loss, left);
                try {
                    check.of(left, acknowledged.last);
                } catch (AssertionError | RuntimeException e) {
                    throw new AssertionError(
                            "power lost at change " + at + ", lost = " + loss + ": " + e.getMessage(), e);
                }
                delete(left);
            }
            delete(folder);
            if (changes.get() < at) {
                return changes.get();
            }
        }
    }

    /** Rejects each change once, in turn, without losing power. Returns the number of changes. */
    public int refuse(Work work, Check check) throws IOException {
        for (int at = 1; ; at++) {
            Path folder = Files.createTempDirectory(temporary, "refused");
            int failing = at;
            AtomicInteger changes = new AtomicInteger();
            FaultyFileSystem system = new FaultyFileSystem(folder, (change, file) -> {
                if (changes.incrementAndGet() == failing) {
                    throw new IOException("No space left on device");
                }
            });
            Acknowledged acknowledged = new Acknowledged();
            attempt(work, system.folder(), acknowledged);
            try {
                check.of(folder, acknowledged.last);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("refused change " + at + ": " + e.getMessage(), e);
            }
            delete(folder);
            if (changes.get() < at) {
                return changes.get();
            }
        }
    }

    /** A properly reported failure does not fail the test. */
    private static void attempt(Work work, Path folder, Acknowledged acknowledged) {
        try {
            work.in(folder, acknowledged);
        } catch (IOException | UncheckedIOException | LockstepException e) {
            assertThat(String.valueOf(e.getMessage())).doesNotContain("\n");
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
