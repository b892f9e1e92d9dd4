package dev.lockstep.image.format;

import dev.lockstep.errors.InputFile;
import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The list of a packed set's shards: {@code shards.txt}, with one line per shard: name, bytes, samples. Without it a
 * lost shard would go unnoticed.
 */
public final class ShardList {
    /** The name of the file. */
    public static final String FILE = "shards.txt";

    private static final int MOST_BYTES = 1 << 24;

    private final Map<String, Shard> shards = new LinkedHashMap<>();

    private record Shard(long bytes, int samples) {}

    /** An empty list. */
    public ShardList() {}

    /** Adds a shard. */
    public void add(String name, long bytes, int samples) {
        shards.put(name, new Shard(bytes, samples));
    }

    /** The file's contents. */
    public String text() {
        return shards.entrySet().stream()
                .map(shard -> shard.getKey() + " " + shard.getValue().bytes + " " + shard.getValue().samples + "\n")
                .collect(Collectors.joining());
    }

    /**
     * Reads the list in a folder; empty when there is none, as in sets packed by other programs.
     *
     * @throws LockstepException of kind DATA when it cannot be read
     */
    static Optional<ShardList> find(Path folder) {
        Path file = folder.resolve(FILE);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        ShardList list = new ShardList();
        try {
            for (String line : InputFile.text(file, MOST_BYTES).lines().toList()) {
                String[] parts = line.split(" ", -1);
                if (parts.length != 3 || !parts[1].matches("[0-9]{1,18}") || !parts[2].matches("[0-9]{1,9}")) {
                    throw LockstepException.data(
                            "list of shards is damaged", "file = " + file + ", line = " + line, PACK_AGAIN);
                }
                list.add(parts[0], Long.parseLong(parts[1]), Integer.parseInt(parts[2]));
            }
        } catch (IOException e) {
            throw new LockstepException(
                    LockstepException.Kind.DATA,
                    "cannot read the list of shards: " + e,
                    "file = " + file,
                    PACK_AGAIN,
                    e);
        }
        return Optional.of(list);
    }

    private static final String PACK_AGAIN =
            "pack or fetch the set again, or remove " + FILE + " if you changed the set on purpose";

    /** Throws when the shards of a set are not exactly the listed ones. */
    void requireAll(Path folder, String split, List<Path> found) {
        TreeSet<String> names = found.stream()
                .map(shard -> shard.getFileName().toString())
                .collect(Collectors.toCollection(TreeSet::new));
        for (String name : shards.keySet()) {
            if (name.contains(split) && !names.remove(name)) {
                throw LockstepException.data(
                        "shard is missing", "shard = " + folder.resolve(name) + ", listed in = " + FILE, PACK_AGAIN);
            }
        }
        if (!names.isEmpty()) {
            throw LockstepException.data(
                    "shard is not listed", "shard = " + folder.resolve(names.first()) + ", list = " + FILE, PACK_AGAIN);
        }
    }

    /** Throws when a shard's size or number of samples differs from the list. */
    void requireSame(Path shard, int samples) {
        Shard listed = shards.get(shard.getFileName().toString());
        try {
            long bytes = Files.size(shard);
            if (listed != null && (listed.bytes != bytes || listed.samples != samples)) {
                throw LockstepException.data(
                        "shard differs from the list of shards",
                        "shard = " + shard + ", bytes = " + bytes + ", samples = " + samples + ", listed = "
                                + listed.bytes + " and " + listed.samples,
                        PACK_AGAIN);
            }
        } catch (IOException e) {
            throw new LockstepException(
                    LockstepException.Kind.DATA, "cannot read the shard: " + e, "shard = " + shard, PACK_AGAIN, e);
        }
    }
}
