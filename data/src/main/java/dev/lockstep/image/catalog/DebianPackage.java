package dev.lockstep.image.catalog;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Files shipped in a Debian package. The package is downloaded and unpacked into a private folder rather than
 * installed, so root is not needed. The package index is fetched into that folder too, because the machine's own may be
 * empty, stale or not writable.
 *
 * @param name the package
 * @param folder the folder of the files inside the package
 */
record DebianPackage(String name, String folder) implements FileSource {
    private static final int MINUTES = 10;

    @Override
    public String describe() {
        return "Debian package " + name;
    }

    @Override
    public Path fetch(Path work) throws IOException {
        Files.createDirectories(work.resolve("state/lists/partial"));
        Files.createDirectories(work.resolve("cache/archives/partial"));
        Path download = Files.createDirectories(work.resolve("download"));
        apt(work, download, "update");
        apt(work, download, "download", name);
        Path unpacked = work.resolve("unpacked");
        run(download, List.of("dpkg-deb", "-x", archive(download).toString(), unpacked.toString()));
        return unpacked.resolve(folder);
    }

    private static void apt(Path work, Path directory, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("apt-get", "-qq"));
        // apt's sandbox user cannot write to our folder.
        for (String option : List.of(
                "APT::Sandbox::User=",
                "Dir::State=" + work.resolve("state"),
                "Dir::State::status=/var/lib/dpkg/status",
                "Dir::Cache=" + work.resolve("cache"))) {
            command.add("-o");
            command.add(option);
        }
        command.addAll(List.of(arguments));
        run(directory, command);
    }

    private static Path archive(Path download) throws IOException {
        try (Stream<Path> files = Files.list(download)) {
            return files.filter(file -> file.toString().endsWith(".deb"))
                    .findFirst()
                    .orElseThrow(() -> new IOException("apt-get download left no package"));
        }
    }

    private static void run(Path directory, List<String> command) throws IOException {
        Path log = directory.resolve("command.log");
        Process process = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectInput(new File("/dev/null"))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
                throw new IOException(command.get(0) + " took more than " + MINUTES + " minutes");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            process.destroyForcibly();
        }
        if (process.exitValue() != 0) {
            throw new IOException(command.get(0) + " ended with exit code " + process.exitValue() + lastLine(log));
        }
    }

    private static String lastLine(Path log) {
        try {
            List<String> lines = Files.readAllLines(log);
            return lines.isEmpty() ? "" : ": " + lines.get(lines.size() - 1).strip();
        } catch (IOException | UncheckedIOException e) {
            return "";
        }
    }
}
