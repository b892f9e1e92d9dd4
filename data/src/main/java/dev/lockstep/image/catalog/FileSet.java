package dev.lockstep.image.catalog;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.format.ContentCheck;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The files of a dataset and their checksums.
 *
 * @param dataset the dataset's name
 * @param folder the name of the folder in the dataset's own archive
 */
record FileSet(String dataset, String folder, List<DataFile> files) {
    /** The maximum number of missing files to name in a message. */
    private static final int SHOWN = 6;

    /** The folder that holds all files: {@code parent}, or a subfolder named after the dataset or its archive. */
    Optional<Path> in(Path parent) {
        return candidates(parent).filter(this::complete).findFirst();
    }

    /** Finds a file in the folder that holds them all. */
    Path file(Path folder, int index) {
        return files.get(index).in(folder).orElseThrow(() -> missing(folder));
    }

    /** The error that lists what is missing in a folder, or in the subfolder that has some of the files. */
    LockstepException missing(Path parent) {
        Path nearest = candidates(parent)
                .filter(candidate ->
                        files.stream().anyMatch(f -> f.in(candidate).isPresent()))
                .findFirst()
                .orElse(parent);
        List<String> missing = files.stream()
                .filter(file -> file.in(nearest).isEmpty())
                .map(DataFile::name)
                .toList();
        return LockstepException.data(
                "dataset files are missing",
                "dataset = " + dataset + ", folder = " + nearest + ", missing = "
                        + String.join(" ", missing.subList(0, Math.min(SHOWN, missing.size())))
                        + (missing.size() > SHOWN ? " and " + (missing.size() - SHOWN) + " more" : ""),
                "specify the data folder that holds them (plain or .gz), or specify none");
    }

    /** Checks a file against the checksum of the file whose name its path ends with. */
    ContentCheck check() {
        return (path, found) -> {
            Path plain = Path.of(path.toString().replaceAll("\\.gz$", ""));
            String expected = files.stream()
                    .filter(file -> plain.endsWith(file.name()))
                    .map(DataFile::sha256)
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException(path + " does not belong to " + dataset));
            if (!found.equals(expected)) {
                throw LockstepException.data(
                        "checksum mismatch",
                        "file = " + path + ", SHA-256 of its contents = " + found + ", expected = " + expected,
                        "delete the file and run 'lockstep data fetch " + dataset + "'");
            }
        };
    }

    private boolean complete(Path candidate) {
        return files.stream().allMatch(file -> file.in(candidate).isPresent());
    }

    private Stream<Path> candidates(Path parent) {
        return Stream.of(parent, parent.resolve(dataset), parent.resolve(folder));
    }
}
