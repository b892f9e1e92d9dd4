package dev.lockstep.image.catalog;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * Files inside a {@code .tar.gz} at a public URL.
 *
 * @param names the names of the wanted files, without folders; other files are ignored
 */
record PublicArchive(URI address, Set<String> names) implements FileSource {
    private static final long MOST_BYTES = 1 << 28;

    @Override
    public String describe() {
        return address.toString();
    }

    @Override
    public Path fetch(Path work) throws IOException {
        String archive = Path.of(address.getPath()).getFileName().toString();
        new PublicDownload(address.resolve("."), List.of(archive)).fetch(work);
        Path unpacked = Files.createDirectories(work.resolve("unpacked"));
        try (InputStream file = new BufferedInputStream(Files.newInputStream(work.resolve(archive)));
                TarArchiveInputStream tar = new TarArchiveInputStream(new GZIPInputStream(file))) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                // Only the last part of a name is used, so that no entry can escape the folder.
                String name = entry.getName().substring(entry.getName().lastIndexOf('/') + 1);
                if (entry.isFile() && names.contains(name)) {
                    if (entry.getSize() > MOST_BYTES) {
                        throw new IOException(name + " is too large, limit in bytes = " + MOST_BYTES);
                    }
                    Files.copy(tar, unpacked.resolve(name));
                }
            }
        }
        return unpacked;
    }
}
