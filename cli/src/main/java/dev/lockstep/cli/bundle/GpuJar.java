package dev.lockstep.cli.bundle;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collections;
import java.util.Optional;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/** The jar that holds the native libraries of libtorch for CUDA. */
record GpuJar(Path file) {
    private static final String LIBRARY = "/libtorch_cuda.so";
    private static final String NAMES = "pytorch-*-gpu.jar";

    static boolean isIn(Path folder) {
        return find(folder).isPresent();
    }

    private static Optional<GpuJar> find(Path folder) {
        try (DirectoryStream<Path> jars = Files.newDirectoryStream(folder, NAMES)) {
            for (Path jar : jars) {
                return Optional.of(new GpuJar(jar));
            }
            return Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /**
     * That in a folder of jars.
     *
     * @throws LockstepException of kind RECIPE when there is none
     */
    static GpuJar in(Path folder) {
        return find(folder)
                .orElseThrow(() -> LockstepException.recipe(
                        "this distribution is for CPUs",
                        "folder = " + folder,
                        "leave --gpu-arch and --device out, or run it from a distribution for GPUs: mvn -Pdist,gpu -DskipTests"
                                + " package"));
    }

    /** Leaves out the code of all other GPU architectures. */
    void trim(Set<Integer> architectures) throws IOException {
        Path folder = file.resolveSibling("");
        Path library = Files.createTempFile(folder, ".libtorch_cuda", ".so");
        Path trimmed = Files.createTempFile(folder, ".pytorch", ".jar");
        try (ZipFile jar = new ZipFile(file.toFile())) {
            for (ZipEntry entry : Collections.list(jar.entries())) {
                if (entry.getName().endsWith(LIBRARY)) {
                    try (InputStream in = jar.getInputStream(entry)) {
                        Files.copy(in, library, StandardCopyOption.REPLACE_EXISTING);
                    }
                    Fatbin.keep(library, architectures);
                }
            }
            try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(trimmed))) {
                for (ZipEntry entry : Collections.list(jar.entries())) {
                    write(jar, entry, library, out);
                }
            }
            Files.setPosixFilePermissions(trimmed, Files.getPosixFilePermissions(file));
            Files.move(trimmed, file, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(library);
            Files.deleteIfExists(trimmed);
        }
    }

    /** With the time that it had, by which JavaCPP knows whether an unpacked library is this one. */
    private static void write(ZipFile jar, ZipEntry entry, Path library, ZipOutputStream out) throws IOException {
        ZipEntry copy = new ZipEntry(entry.getName());
        copy.setTime(entry.getTime());
        out.putNextEntry(copy);
        if (entry.getName().endsWith(LIBRARY)) {
            Files.copy(library, out);
        } else {
            try (InputStream in = jar.getInputStream(entry)) {
                in.transferTo(out);
            }
        }
        out.closeEntry();
    }
}
