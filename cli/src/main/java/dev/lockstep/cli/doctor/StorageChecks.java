package dev.lockstep.cli.doctor;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.natives.NativeCache;
import dev.lockstep.natives.NativeLibraries;
import dev.lockstep.text.Format;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Checks the folders that Lockstep uses: unpacked native libraries, runs, and the dataset of the first recipe. */
final class StorageChecks {
    private static final String GROUP = "storage";
    private static final String NATIVE_CACHE = "native cache";
    private static final String DATASET = "fashion-mnist";
    /** The space needed for unpacking, and roughly for a small run. */
    private static final long ROOM = Format.GIB;

    private StorageChecks() {}

    static List<Finding> all(Machine machine) {
        List<Finding> findings = new ArrayList<>();
        try {
            Path cache = machine.nativeCache();
            findings.add(nativeCache(cache));
            findings.add(space("space for native libraries", existing(cache)));
        } catch (LockstepException e) {
            findings.add(Finding.fail(GROUP, NATIVE_CACHE, e.whatAndWhere(), e.fix()));
        }
        findings.add(workingFolder(machine));
        findings.add(dataset());
        return findings;
    }

    private static Finding nativeCache(Path cache) {
        NativeCache contents = NativeLibraries.inspect(cache);
        boolean complete = contents.libraries() > 0 && contents.damaged().isEmpty();
        if (!complete && !isWritable(cache)) {
            return Finding.fail(
                    GROUP,
                    NATIVE_CACHE,
                    cache + " is not writable",
                    "make it writable, or set LOCKSTEP_CACHE to a folder that you own");
        }
        if (!contents.damaged().isEmpty()) {
            return Finding.warn(
                    GROUP,
                    NATIVE_CACHE,
                    "damaged: " + contents.damaged().get(0),
                    "no action needed: the next command unpacks it again");
        }
        return Finding.ok(
                GROUP,
                NATIVE_CACHE,
                contents.libraries() == 0
                        ? cache + ", empty: the first command fills it"
                        : cache + ", " + contents.access() + ", " + contents.libraries() + " libraries, "
                                + Format.binaryBytes(contents.bytes()));
    }

    private static Finding workingFolder(Machine machine) {
        Path folder = Path.of(machine.property("user.dir"));
        return Files.isWritable(folder)
                ? space("space for runs", folder)
                : Finding.warn(
                        GROUP,
                        "space for runs",
                        folder + " is not writable",
                        "use --out to give train a writable folder");
    }

    private static Finding space(String subject, Path folder) {
        try {
            long free = Files.getFileStore(folder).getUsableSpace();
            String value = Format.binaryBytes(free) + " free in " + folder;
            return free >= ROOM
                    ? Finding.ok(GROUP, subject, value)
                    : Finding.warn(GROUP, subject, value, "free " + Format.binaryBytes(ROOM - free) + " or more");
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
        String subject = "dataset " + DATASET;
        try {
            String value = Datasets.find(DATASET)
                    .map(folder -> "in " + folder)
                    .orElse("not on this machine yet; train will fetch it");
            return Finding.ok(GROUP, subject, value);
        } catch (LockstepException e) {
            return Finding.warn(GROUP, subject, e.whatAndWhere(), e.fix());
        }
    }
}
