package dev.lockstep.natives;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Which native libraries a cache folder holds.
 *
 * @param access owner and mode of the folder, as {@code ls} shows them; empty when the folder does not exist
 * @param libraries the number of complete libraries
 * @param bytes the total size of the complete libraries
 * @param damaged files that differ from their jar entry; they are unpacked again before anything is loaded
 */
public record NativeCache(String access, int libraries, long bytes, List<Path> damaged) {
    public NativeCache {
        damaged = List.copyOf(damaged);
    }

    static NativeCache inspect(Path folder, List<PackedLibrary> expected) throws IOException {
        int libraries = 0;
        long bytes = 0;
        List<Path> damaged = new ArrayList<>();
        if (!Files.exists(folder)) {
            return new NativeCache("", libraries, bytes, damaged);
        }
        Path real = folder.toRealPath();
        FolderTrust.check(List.of(real));
        for (PackedLibrary library : expected) {
            Path file = library.in(real);
            if (library.hasSize(file)) {
                libraries++;
                bytes += library.entry().getSize();
            } else if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                damaged.add(file);
            }
        }
        return new NativeCache(FolderTrust.describe(real), libraries, bytes, damaged);
    }
}
