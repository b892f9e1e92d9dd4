package dev.lockstep.image.format;

import dev.lockstep.errors.InputFile;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.image.Fingerprint;
import dev.lockstep.natives.UserCache;
import dev.lockstep.storage.Stores;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * Divides images into a training and a validation set by a keyed hash of their contents: an image validates if its hash,
 * as a fraction, is below the wanted share. So it stays in its set when files are added, removed or renamed, and copies of
 * it are in the same set. In a small class the hashes of all images may be on one side; then the one nearest to the other
 * side changes over, so that every class has images in both.
 *
 * <p>Contents are hashed once: the user's cache keeps the hash of each file with its size and time of change.
 */
final class ContentSplit {
    private static final byte[] KEY = "lockstep data.validation-split\n".getBytes(StandardCharsets.US_ASCII);
    private static final int MOST_CACHED = 1 << 30;

    private final Map<String, String> contents;
    private final Set<String> validating;

    private ContentSplit(Map<String, String> contents, Set<String> validating) {
        this.contents = contents;
        this.validating = validating;
    }

    /**
     * @param names of the files of each class, relative to the root
     * @param share of the images that validate
     */
    static ContentSplit of(Path root, List<List<String>> names, double share) {
        return of(root, names, share, cacheFolder());
    }

    /** @param cache the folder for remembered hashes; empty to remember none */
    static ContentSplit of(Path root, List<List<String>> names, double share, Optional<Path> cache) {
        if (Stores.isRemote(root)) {
            throw LockstepException.data(
                    "images in a store cannot be split by their contents: all of them would be read before each start",
                    "folder = " + root,
                    "copy them to this machine, or arrange them as train/CLASS/… and val/CLASS/…");
        }
        Map<String, String> contents = hashed(
                root, names.stream().flatMap(List::stream).toList(), cache.map(folder -> folder.resolve(file(root))));
        Set<String> validating = contents.values().stream()
                .filter(content -> position(content) < share)
                .collect(Collectors.toCollection(HashSet::new));
        for (List<String> files : names) {
            List<String> distinct = files.stream()
                    .map(contents::get)
                    .distinct()
                    .sorted(Comparator.comparingDouble(ContentSplit::position))
                    .toList();
            if (distinct.size() < 2) {
                throw LockstepException.data(
                        "a class needs two different images, one to train on and one to validate with",
                        "folder = " + root + ", class of " + files.get(0),
                        "add images, or remove the class");
            }
            if (distinct.stream().noneMatch(validating::contains)) {
                validating.add(distinct.get(0));
            } else if (validating.containsAll(distinct)) {
                validating.remove(distinct.get(distinct.size() - 1));
            }
        }
        return new ContentSplit(contents, validating);
    }

    /** @param name of one of the files */
    boolean validates(String name) {
        return validating.contains(contents.get(name));
    }

    /** The place of a content in [0, 1). */
    private static double position(String content) {
        MessageDigest digest = sha256();
        digest.update(KEY);
        byte[] keyed = digest.digest(content.getBytes(StandardCharsets.US_ASCII));
        return (ByteBuffer.wrap(keyed).getLong() >>> 11) * 0x1p-53;
    }

    /** The SHA-256 of each file's contents, by name. */
    private static Map<String, String> hashed(Path root, List<String> names, Optional<Path> cache) {
        Map<String, String> known = cache.map(ContentSplit::read).orElse(Map.of());
        Map<String, String> now = new ConcurrentHashMap<>();
        Map<String, String> contents = new ConcurrentHashMap<>();
        names.parallelStream().forEach(name -> {
            Path file = root.resolve(name);
            try {
                InputFile.requireRegular(file);
                BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
                String state =
                        attributes.size() + " " + attributes.lastModifiedTime().toMillis() + " " + name;
                String content = known.get(state);
                String hash = content == null ? hash(file) : content;
                now.put(state, hash);
                contents.put(name, hash);
            } catch (IOException e) {
                throw new LockstepException(
                        LockstepException.Kind.DATA,
                        "cannot read the image: " + e,
                        "image = " + file,
                        "check the file and its permissions, or remove it",
                        e);
            }
        });
        if (!known.equals(now)) {
            cache.ifPresent(file -> write(file, now));
        }
        return contents;
    }

    private static String hash(Path file) throws IOException {
        MessageDigest digest = sha256();
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = Files.newInputStream(file)) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** The name of the file of a data folder. */
    private static String file(Path root) {
        return new Fingerprint()
                        .text(root.toAbsolutePath().normalize().toString())
                        .hex()
                + ".txt";
    }

    /** A user without a home folder may have no cache; remembering hashes only saves time. */
    private static Optional<Path> cacheFolder() {
        try {
            return Optional.of(UserCache.folder().resolve("contents"));
        } catch (LockstepException e) {
            return Optional.empty();
        }
    }

    /** Lines of hash, size, time and name; what cannot be read is hashed again. */
    private static Map<String, String> read(Path cache) {
        Map<String, String> known = new HashMap<>();
        try {
            InputFile.text(cache, MOST_CACHED)
                    .lines()
                    .filter(line -> line.length() > 65)
                    .forEach(line -> {
                        if (line.substring(0, 64).matches("[0-9a-f]{64}")) {
                            known.put(line.substring(65), line.substring(0, 64));
                        }
                    });
        } catch (IOException e) {
            return Map.of();
        }
        return known;
    }

    /** A cache that cannot be written costs time only. */
    private static void write(Path cache, Map<String, String> hashes) {
        StringBuilder text = new StringBuilder();
        new TreeMap<>(hashes).forEach((state, hash) -> {
            if (state.indexOf('\n') < 0 && state.indexOf('\r') < 0) {
                text.append(hash).append(' ').append(state).append('\n');
            }
        });
        try {
            DurableFiles.createFolders(Objects.requireNonNull(cache.getParent()));
            DurableFiles.write(cache, text.toString());
        } catch (IOException e) {
            return;
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
