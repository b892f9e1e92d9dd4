package dev.lockstep.natives;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;

/** A jar of small fake native libraries, laid out like those of JavaCPP's presets. */
final class FakeLibraries {
    static final String JAR = "engine-1.0-any.jar";
    static final String FOLDER = "org/bytedeco/engine/any/";
    static final int SIZE = 300_000;

    private FakeLibraries() {}

    /** Two libraries, and files that are not libraries. */
    static List<PackedLibrary> in(Path folder) throws IOException {
        Path jar = folder.resolve(JAR);
        Random random = new Random(1);
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
            put(out, FOLDER, new byte[0]);
            for (String name : List.of("libengine.so", "libfuel.so.1", "notes.txt", "deeper/libnone.so")) {
                byte[] bytes = new byte[SIZE];
                random.nextBytes(bytes);
                put(out, FOLDER + name, bytes);
            }
        }
        return find(jar, "engine", "any");
    }

    static List<PackedLibrary> find(Path jar, String artifact, String platform) throws IOException {
        // Not closed, because the result reads from the jar.
        URLClassLoader loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, null);
        return PackedLibrary.find(loader, artifact, platform);
    }

    static void put(JarOutputStream out, String name, byte[] bytes) throws IOException {
        JarEntry entry = new JarEntry(name);
        entry.setTime(1_700_000_000_000L);
        out.putNextEntry(entry);
        out.write(bytes);
    }
}
