package dev.lockstep.cli.gpu;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Enumeration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * NVIDIA's libraries as wheels of pinned versions and checksums. The user's own pip fetches them, from the package index
 * that it is set up for, and verifies them.
 *
 * @param requirements a requirements file of pip
 * @param bytes of all wheels
 */
public record CudaWheels(String requirements, long bytes) {
    private static final Pattern PIN =
            Pattern.compile("(?m)^([a-z0-9-]+)==([0-9.]+) --hash=sha256:[0-9a-f]{64}  # ([0-9]+)$");
    private static final Pattern LIBRARY = Pattern.compile("(?:.*/)?nvidia/(?:.+/)?lib/([^/]+\\.so[.0-9]*)");

    /** Those of the version of CUDA for which libtorch was built. */
    public static CudaWheels pinned() {
        try (InputStream in = CudaWheels.class.getResourceAsStream("cuda-wheels.txt")) {
            return of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static CudaWheels of(String requirements) {
        long bytes = 0;
        Matcher pins = PIN.matcher(requirements);
        while (pins.find()) {
            bytes += Long.parseLong(pins.group(3));
        }
        return new CudaWheels(requirements, bytes);
    }

    /** How many there are. */
    public long count() {
        return PIN.matcher(requirements).results().count();
    }

    /**
     * Fetches the wheels and takes the libraries out of them. The folder is complete, or not there.
     *
     * @param folder for the libraries; replaced if it exists
     * @param python a command that has pip
     */
    public void install(Path folder, String python) throws InterruptedException {
        try {
            Path parent = Files.createDirectories(folder.resolveSibling(""));
            Path work = Files.createTempDirectory(
                    parent,
                    ".wheels-",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            try {
                Path pins = Files.writeString(work.resolve("requirements.txt"), requirements);
                Path wheels = Files.createDirectory(work.resolve("wheels"));
                download(python, pins, wheels);
                Path libraries = Files.createDirectory(work.resolve("lib"));
                try (Stream<Path> files = Files.list(wheels)) {
                    for (Path wheel : files.sorted().toList()) {
                        unpack(wheel, libraries);
                        // Both would not fit on many disks.
                        Files.delete(wheel);
                    }
                }
                DurableFiles.deleteFolder(folder);
                Files.move(libraries, folder, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                DurableFiles.deleteFolder(work);
            }
        } catch (IOException e) {
            throw LockstepException.recipe(
                    "the CUDA libraries cannot be installed: " + e.getMessage(),
                    "folder = " + folder,
                    "free " + bytes * 3 / 1_000_000_000
                            + " GB there, or set LOCKSTEP_CACHE to a folder of yours with the space");
        }
    }

    private static void download(String python, Path pins, Path wheels) throws IOException, InterruptedException {
        List<String> command = List.of(
                python,
                "-m",
                "pip",
                "download",
                "--no-deps",
                "--only-binary=:all:",
                "--require-hashes",
                "--no-cache-dir",
                "--disable-pip-version-check",
                "--progress-bar=off",
                "--dest",
                wheels.toString(),
                "-r",
                pins.toString());
        Process pip;
        try {
            pip = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectInput(ProcessBuilder.Redirect.from(pins.toFile()))
                    .start();
        } catch (IOException e) {
            throw LockstepException.recipe(
                    "no Python found, which fetches the CUDA libraries",
                    "command = " + python,
                    "install python3-pip, or give a folder that has the libraries: lockstep gpu-setup --from DIR");
        }
        String last = "";
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(pip.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("Collecting ")) {
                    System.err.println("  " + line.replaceFirst(" \\(from .*", ""));
                }
                last = line.isBlank() || line.startsWith("WARNING") ? last : line.strip();
            }
        }
        if (pip.waitFor() != 0) {
            throw LockstepException.recipe(
                    "pip could not fetch the CUDA libraries: " + last,
                    "command = " + String.join(" ", command.subList(0, 4)),
                    "check the network and pip's index (pip config list), or give a folder that has the libraries: lockstep"
                            + " gpu-setup --from DIR");
        }
    }

    static void unpack(Path wheel, Path folder) throws IOException {
        try (ZipFile zip = new ZipFile(wheel.toFile())) {
            for (Enumeration<? extends ZipEntry> entries = zip.entries(); entries.hasMoreElements(); ) {
                ZipEntry entry = entries.nextElement();
                Matcher library = LIBRARY.matcher(entry.getName());
                if (library.matches()) {
                    try (InputStream in = zip.getInputStream(entry)) {
                        Files.copy(in, folder.resolve(library.group(1)));
                    }
                }
            }
        }
    }
}
