package dev.lockstep.natives;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;

/**
 * A native library in its jar.
 *
 * @param name the name of the unpacked file
 */
record PackedLibrary(JarFile jar, JarEntry entry, String name) {
    /** JavaCPP loads OpenBLAS without LAPACK from a copy of the library under another name, which no jar contains. */
    private static final String COPIED = "libopenblas.";

    private static final String COPY = "libopenblas_nolapack.";

    /** Finds the libraries of a JavaCPP artifact for a platform on the class path; empty when there are none. */
    static List<PackedLibrary> find(ClassLoader loader, String artifact, String platform) throws IOException {
        String folder = "org/bytedeco/" + artifact + "/" + platform + "/";
        List<PackedLibrary> found = new ArrayList<>();
        for (URL url : Collections.list(loader.getResources(folder))) {
            if (url.openConnection() instanceof JarURLConnection connection) {
                JarFile jar = connection.getJarFile();
                for (JarEntry entry : Collections.list(jar.entries())) {
                    if (entry.getName().startsWith(folder)) {
                        add(jar, entry, entry.getName().substring(folder.length()), found);
                    }
                }
            }
        }
        return found;
    }

    private static void add(JarFile jar, JarEntry entry, String name, List<PackedLibrary> found) {
        if (isLibrary(name)) {
            found.add(new PackedLibrary(jar, entry, name));
            if (name.startsWith(COPIED)) {
                found.add(new PackedLibrary(jar, entry, COPY + name.substring(COPIED.length())));
            }
        }
    }

    private static boolean isLibrary(String name) {
        boolean library =
                name.endsWith(".so") || name.contains(".so.") || name.endsWith(".dylib") || name.endsWith(".jnilib");
        return library && name.indexOf('/') < 0;
    }

    /** The path at which JavaCPP looks for the library. */
    Path in(Path cache) {
        return cache.resolve(new File(jar.getName()).getName())
                .resolve(entry.getName())
                .resolveSibling(name);
    }

    /** Whether JavaCPP would use the unpacked file without unpacking it again. */
    boolean isUnpacked(Path cache) throws IOException {
        return hasSize(in(cache)) && Files.getLastModifiedTime(in(cache)).toMillis() == entry.getTime();
    }

    boolean hasSize(Path file) throws IOException {
        try {
            BasicFileAttributes found =
                    Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            return found.isRegularFile() && found.size() == entry.getSize();
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /** Whether a file has the library's size and checksum. */
    boolean isIn(Path file) throws IOException {
        if (!hasSize(file)) {
            return false;
        }
        try (InputStream in = Files.newInputStream(file);
                CheckedInputStream checked = new CheckedInputStream(in, new CRC32())) {
            checked.transferTo(OutputStream.nullOutputStream());
            return checked.getChecksum().getValue() == entry.getCrc();
        }
    }
}
