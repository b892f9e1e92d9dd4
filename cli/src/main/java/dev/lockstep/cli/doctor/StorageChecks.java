package dev.lockstep.cli.doctor;

import dev.lockstep.image.catalogue.Datasets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Folders that Lockstep reads and writes: the unpacked native libraries, runs, the dataset of the first recipe. */
final class StorageChecks {
    private static final String GROUP = "storage";
    private static final String DATASET = "fashion-mnist";
    /** What unpacking takes, and about what a small run leaves. */
    private static final long ROOM = Units.GIB;

    private StorageChecks() {}

    static List<Finding> all(Machine machine) {
        return List.of(nativeCache(machine), space(machine), workingFolder(machine), dataset());
    }

    private static Finding nativeCache(Machine machine) {
        Path cache = machine.nativeCache();
        String subject = "native cache";
        if (!isWritable(cache)) {
            return Finding.warn(
                    GROUP,
                    subject,
                    cache + " is not writable",
                    "make it so, or give another in LOCKSTEP_JAVA_OPTIONS=-Dorg.bytedeco.javacpp.cachedir=DIR");
        }
        try {
            return describe(cache, NativeCache.inspect(cache, machine.property("java.class.path")));
        } catch (IOException e) {
            return Finding.warn(GROUP, subject, cache + " cannot be read: " + e.getMessage(), "remove it");
        }
    }

    private static Finding describe(Path cache, NativeCache contents) {
        if (!contents.partial().isEmpty()) {
            return Finding.warn(
                    GROUP,
                    "native cache",
                    "partly unpacked: " + contents.partial().get(0),
                    "remove " + cache + " while no Lockstep runs; the next command unpacks it again");
        }
        String state = contents.libraries() == 0
                ? "empty: the first command unpacks into it"
                : contents.libraries() + " libraries, " + Units.bytes(contents.bytes());
        return Finding.ok(GROUP, "native cache", cache + ", " + state);
    }

    private static Finding space(Machine machine) {
        return space("space for native libraries", existing(machine.nativeCache()));
    }

    private static Finding workingFolder(Machine machine) {
        Path folder = Path.of(machine.property("user.dir"));
        return Files.isWritable(folder)
                ? space("space for runs", folder)
                : Finding.warn(
                        GROUP,
                        "space for runs",
                        folder + " is not writable",
                        "give train a writable folder with --out");
    }

    private static Finding space(String subject, Path folder) {
        try {
            long free = Files.getFileStore(folder).getUsableSpace();
            String value = Units.bytes(free) + " free in " + folder;
            return free >= ROOM
                    ? Finding.ok(GROUP, subject, value)
                    : Finding.warn(GROUP, subject, value, "free " + Units.bytes(ROOM - free) + " or more");
        } catch (IOException e) {
            return Finding.warn(GROUP, subject, folder + ": " + e.getMessage(), "check the file system");
        }
    }

    private static boolean isWritable(Path folder) {
        return Files.isWritable(existing(folder)) && (!Files.exists(folder) || Files.isDirectory(folder));
    }

    /** The folder, or the nearest one above it that exists. */
    private static Path existing(Path folder) {
        Path candidate = folder.toAbsolutePath();
        while (!Files.exists(candidate) && candidate.getParent() != null) {
            candidate = candidate.getParent();
        }
        return candidate;
    }

    private static Finding dataset() {
        String value = Datasets.find(DATASET)
                .map(folder -> "in " + folder)
                .orElse("not on this machine yet: train fetches it");
        return Finding.ok(GROUP, "dataset " + DATASET, value);
    }
}
