package dev.lockstep.image.pack;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.format.ImageFolder;
import dev.lockstep.image.format.WebDataset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What packing has in common whatever the shards are: a new folder that appears only when all of it is written. */
interface Packing {
    /** Writes everything but the class names. */
    ShardPacker.Result write(List<Dataset> sets, Path partial) throws IOException;

    /**
     * Packs a folder.
     *
     * @throws LockstepException of kind DATA when the input is bad or the shards cannot be written
     */
    static ShardPacker.Result into(Path folder, Path out, Packing packing) {
        List<Dataset> sets = ImageFolder.read(folder);
        sets.get(0).classNames().forEach(name -> requireLine(folder, name));
        try {
            requireEmpty(out);
            Unfinished.removeOthers(out);
            try (Unfinished partial = Unfinished.create(out)) {
                ShardPacker.Result result = packing.write(sets, partial.folder());
                Files.write(
                        partial.folder().resolve(WebDataset.CLASSES),
                        sets.get(0).classNames());
                partial.moveTo(out);
                return result;
            }
        } catch (IOException e) {
            throw new LockstepException(
                    LockstepException.Kind.DATA,
                    "cannot write the shards: " + e,
                    "folder = " + out,
                    "check free space and permissions",
                    e);
        }
    }

    /** Each class name must fit on one line of a file. */
    private static void requireLine(Path folder, String name) {
        if (name.isBlank() || name.indexOf('\n') >= 0 || name.indexOf('\r') >= 0) {
            throw LockstepException.data(
                    "class name cannot be written as a line of " + WebDataset.CLASSES,
                    "folder = " + folder + ", class = '" + name + "'",
                    "rename the class folders");
        }
    }

    private static void requireEmpty(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> entries = Files.list(folder)) {
                if (entries.findAny().isPresent()) {
                    throw LockstepException.data(
                            "folder for the shards is not empty", "folder = " + folder, "remove it or choose another");
                }
            }
        }
    }
}
