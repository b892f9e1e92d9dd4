package dev.lockstep.files;

import dev.lockstep.files.FaultyFileSystem.Loss;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The durable state of a real folder: the contents of each file and the names in each folder, as of the last sync. */
final class Disk {
    /** A file or a folder, independent of its name. */
    static final class Node {
        private final boolean folder;
        private final Map<String, Node> names = new TreeMap<>();
        private Map<String, Node> syncedNames = new TreeMap<>();
        private byte[] synced = {};
        /** Null once its last name is removed; then {@link #last} has its contents. */
        private Path real;

        private byte[] last = {};

        Node(Path real) {
            this.real = real;
            this.folder = Files.isDirectory(real);
        }

        void sync() throws IOException {
            if (folder) {
                syncedNames = new TreeMap<>(names);
            } else {
                synced = contents();
            }
        }

        private byte[] contents() throws IOException {
            return real == null ? last : Files.readAllBytes(real);
        }

        private void setPlace(Path place) {
            real = place;
            names.forEach((name, node) -> node.setPlace(place.resolve(name)));
        }

        private void copyTo(Path target, Loss loss) throws IOException {
            if (!folder) {
                Files.write(target, contents(loss));
                return;
            }
            Files.createDirectories(target);
            for (Map.Entry<String, Node> entry : (loss.keepsNames ? names : syncedNames).entrySet()) {
                entry.getValue().copyTo(target.resolve(entry.getKey()), loss);
            }
        }

        /** Keeps the synced part if the file has only grown since. */
        private byte[] contents(Loss loss) throws IOException {
            byte[] now = contents();
            boolean grown =
                    now.length >= synced.length && Arrays.equals(now, 0, synced.length, synced, 0, synced.length);
            byte[] rest = loss.ofContents.apply(grown ? Arrays.copyOfRange(now, synced.length, now.length) : now);
            if (rest == null) {
                return synced;
            }
            byte[] left = grown ? Arrays.copyOf(synced, synced.length + rest.length) : rest;
            if (grown) {
                System.arraycopy(rest, 0, left, synced.length, rest.length);
            }
            return left;
        }
    }

    private final Path root;
    private final Node top;

    Disk(Path root) throws IOException {
        this.root = root;
        this.top = scan(root);
    }

    private static Node scan(Path real) throws IOException {
        Node node = new Node(real);
        if (node.folder) {
            try (Stream<Path> entries = Files.list(real)) {
                for (Path entry : entries.toList()) {
                    node.names.put(entry.getFileName().toString(), scan(entry));
                }
            }
        }
        node.sync();
        return node;
    }

    Node at(Path real) {
        Node node = top;
        for (Path name : root.relativize(real.toAbsolutePath().normalize())) {
            if (!name.toString().isEmpty()) {
                node = node.names.get(name.toString());
            }
        }
        return node;
    }

    void created(Path real) {
        at(real.getParent()).names.put(real.getFileName().toString(), new Node(real));
    }

    /** Keeps the contents of a file whose last name is removed. */
    void beforeRemoval(Path real) throws IOException {
        if (Files.isRegularFile(real, LinkOption.NOFOLLOW_LINKS)) {
            at(real).last = Files.readAllBytes(real);
        }
    }

    void removed(Path real) {
        Node gone = at(real.getParent()).names.remove(real.getFileName().toString());
        if (gone != null) {
            gone.real = null;
        }
    }

    void moved(Path from, Path to) {
        Node node = at(from.getParent()).names.remove(from.getFileName().toString());
        removed(to);
        at(to.getParent()).names.put(to.getFileName().toString(), node);
        node.setPlace(to);
    }

    void copyTo(Path target, Loss loss) throws IOException {
        top.copyTo(target, loss);
    }
}
