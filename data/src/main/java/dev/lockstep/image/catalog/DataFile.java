package dev.lockstep.image.catalog;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One file of a dataset.
 *
 * @param name the path below the dataset's folder, without {@code .gz}; the file may be compressed
 * @param sha256 the SHA-256 of the uncompressed contents
 */
record DataFile(String name, String sha256) {
    /** Finds the file in a folder, plain or compressed. */
    Optional<Path> in(Path folder) {
        return Stream.of(folder.resolve(name), folder.resolve(name + ".gz"))
                .filter(Files::isRegularFile)
                .findFirst();
    }
}
