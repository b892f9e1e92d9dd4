package dev.lockstep.cli.doctor;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Enumeration;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/**
 * What JavaCPP has unpacked of the native libraries on the class path: {@code <cache>/<jar>/<entry>}. It unpacks a library
 * when it is first loaded.
 *
 * @param libraries unpacked so far
 * @param bytes on disk
 * @param partial libraries that are shorter than in their jar: a process died while it unpacked them
 */
record NativeCache(int libraries, long bytes, List<Path> partial) {
    NativeCache {
        partial = List.copyOf(partial);
    }

    /** Looks at a cache folder, which need not exist. */
    static NativeCache inspect(Path cache, String classPath) throws IOException {
        List<Path> partial = new ArrayList<>();
        int unpacked = 0;
        long bytes = 0;
        for (Path jar : nativeJars(classPath)) {
            for (JarEntry library : libraries(jar)) {
                Path file = cache.resolve(jar.getFileName()).resolve(library.getName());
                if (Files.isRegularFile(file)) {
                    unpacked++;
                    bytes += Files.size(file);
                    if (Files.size(file) != library.getSize()) {
                        partial.add(file);
                    }
                }
            }
        }
        return new NativeCache(unpacked, bytes, partial);
    }

    private static List<Path> nativeJars(String classPath) {
        return Arrays.stream(classPath.split(File.pathSeparator))
                .map(Path::of)
                .filter(path -> path.toString().matches(".*-(linux|macosx|windows)-[^/]*\\.jar"))
                .filter(Files::isRegularFile)
                .toList();
    }

    private static List<JarEntry> libraries(Path jar) throws IOException {
        List<JarEntry> found = new ArrayList<>();
        try (JarFile file = new JarFile(jar.toFile())) {
            for (Enumeration<JarEntry> entries = file.entries(); entries.hasMoreElements(); ) {
                JarEntry entry = entries.nextElement();
                if (entry.getName().matches("org/bytedeco/.*\\.(so(\\.[0-9.]+)?|dylib|dll)")) {
                    found.add(entry);
                }
            }
        }
        return found;
    }
}
