package dev.lockstep.image.catalog;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One file of a dataset.
 *
 * @param name below the dataset's folder, without {@code .gz}; the file may be compressed
 * @param sha256 of its contents without compression
 */
record DataFile(String name, String sha256) {
    /** The file in a folder, plain or compressed. */
    Optional<Path> in(Path folder) {
        return Stream.of(folder.resolve(name), folder.resolve(name + ".gz"))
                .filter(Files::isRegularFile)
                .findFirst();
    }
}
