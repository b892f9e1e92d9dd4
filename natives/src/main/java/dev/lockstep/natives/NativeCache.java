package dev.lockstep.natives;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a folder has of the native libraries that belong there.
 *
 * @param access owner and mode of the folder, as {@code ls} shows them; empty when there is none
 * @param libraries that are there, whole
 * @param bytes of these
 * @param damaged files that are not as in their jar; they are unpacked anew before anything is loaded
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
