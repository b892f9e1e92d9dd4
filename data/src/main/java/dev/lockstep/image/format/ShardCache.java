package dev.lockstep.image.format;

import dev.lockstep.files.DurableFiles;
import dev.lockstep.image.Fingerprint;
import dev.lockstep.image.format.ShardIndex.Sample;
import dev.lockstep.natives.UserCache;
import dev.lockstep.storage.ObjectStore;
import dev.lockstep.storage.Stores;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Copies of shards on this machine, of bounded size, and an index of each shard that was ever read. All processes of a
 * user share it; a shard is copied once. A copy has the name of its contents (address, size and version in the store), so
 * a shard that is replaced in the store is another one here.
 *
 * <p>The least recently used copies make room for new ones, but none that was used in the last minutes: a run shuffles
 * across all of its shards, and would otherwise drop each shortly before it is needed again. What finds no room is read
 * from the store, as often as it is needed.
 */
final class ShardCache {
    private static final Duration IN_USE = Duration.ofMinutes(10);
    private static final int LOCKS = 64;
    private static final int BLOCK = 1 << 22;
    private static final String COPY = ".tar";
    private static final String INDEX = ".index";
    /** A copy that is being made: its name, then the size that it will have. */
    private static final Pattern PART = Pattern.compile("[0-9a-f]{64}\\.([0-9]+)\\.part");
    /** Serializes the threads of this process; a file lock works only between processes. */
    private static final Object[] MONITORS =
            Stream.generate(Object::new).limit(LOCKS + 1).toArray();

    private final Path folder;
    private final long most;

    /**
     * @param folder created when it is missing
     * @param most bytes of all copies together
     */
    ShardCache(Path folder, long most) {
        this.folder = folder;
        this.most = most;
    }

    /** The user's cache, of the size that the user has set. */
    static ShardCache ofUser() {
        return new ShardCache(UserCache.folder().resolve("shards"), StoredCopies.bytes(System.getenv()));
    }

    /**
     * A shard that has been read.
     *
     * @param crcs the CRC-32C of each sample's bytes
     * @param copy on this machine, if there was room
     */
    record Indexed(List<Sample> samples, int[] crcs, Optional<Path> copy) {}

    /** Indexes a shard of a store, and copies it if there is room. */
    Indexed index(Path shard) throws IOException {
        ObjectStore.Entry object = Stores.stat(shard);
        String name = new Fingerprint()
                .text(shard.toUri().toString())
                .number(object.bytes())
                .text(object.version())
                .hex();
        DurableFiles.createFolders(folder);
        int slot = Integer.parseInt(name.substring(0, 4), 16) % LOCKS;
        return locked(slot, () -> index(shard, object, name));
    }

    private interface Work<T> {
        T run() throws IOException;
    }

    private <T> T locked(int slot, Work<T> work) throws IOException {
        synchronized (MONITORS[slot]) {
            try (FileChannel channel = FileChannel.open(
                            folder.resolve("lock-" + slot), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock lock = channel.lock()) {
                if (!lock.isValid()) {
                    throw new IOException("cannot lock the cache: " + folder);
                }
                return work.run();
            }
        }
    }

    private Indexed index(Path shard, ObjectStore.Entry object, String name) throws IOException {
        Path copy = folder.resolve(name + COPY);
        Path indexFile = folder.resolve(name + INDEX);
        Optional<Indexed> known = readIndex(indexFile);
        boolean isHere = Files.exists(copy) && Files.size(copy) == object.bytes();
        if (known.isPresent() && isHere) {
            touch(copy);
            return new Indexed(known.get().samples, known.get().crcs, Optional.of(copy));
        }
        boolean stays = locked(LOCKS, () -> makeRoom(name, object.bytes()));
        if (known.isPresent() && !stays) {
            return known.get();
        }
        Path part = part(name, object.bytes());
        try {
            copy(shard, part);
            Indexed indexed = known.isPresent() ? known.get() : indexCopy(part, shard);
            writeIndex(indexFile, indexed);
            if (!stays) {
                return indexed;
            }
            DurableFiles.rename(part, copy.getFileName().toString());
            return new Indexed(indexed.samples, indexed.crcs, Optional.of(copy));
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private Path part(String name, long bytes) {
        return folder.resolve(name + "." + bytes + ".part");
    }

    private static void copy(Path shard, Path part) throws IOException {
        long size = Stores.stat(shard).bytes();
        try (FileChannel out = FileChannel.open(
                part, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer block = ByteBuffer.allocate(BLOCK);
            for (long at = 0; at < size; at += BLOCK) {
                block.clear().limit((int) Math.min(BLOCK, size - at));
                Stores.read(shard, at, block);
                block.flip();
                while (block.hasRemaining()) {
                    out.write(block);
                }
            }
        }
    }

    private static Indexed indexCopy(Path part, Path shard) throws IOException {
        List<Sample> samples;
        try (FileChannel channel = FileChannel.open(part)) {
            samples = ShardIndex.read(channel, shard.toString());
        }
        try (FileChannel channel = FileChannel.open(part)) {
            int[] crcs = new int[samples.size()];
            for (int i = 0; i < crcs.length; i++) {
                Sample sample = samples.get(i);
                // A larger one is refused when it is asked for.
                ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(sample.size(), Samples.LARGEST_FILE));
                while (bytes.hasRemaining() && channel.read(bytes, sample.offset() + bytes.position()) >= 0) {
                    // Until all of it is there.
                }
                crcs[i] = StoredShards.crc(bytes.flip());
            }
            return new Indexed(samples, crcs, Optional.empty());
        }
    }

    /** Deletes the least recently used copies until there is room. Whoever calls it makes the copy at once. */
    private boolean makeRoom(String name, long bytes) throws IOException {
        long used = partBytes(name);
        List<Path> copies;
        try (Stream<Path> files = Files.list(folder)) {
            copies = files.filter(file -> file.toString().endsWith(COPY))
                    .sorted(Comparator.comparing(ShardCache::lastUse))
                    .toList();
        }
        for (Path copy : copies) {
            used += size(copy);
        }
        Instant limit = Instant.now().minus(IN_USE);
        for (Path copy : copies) {
            if (used + bytes <= most || lastUse(copy).toInstant().isAfter(limit)) {
                break;
            }
            used -= size(copy);
            Files.deleteIfExists(copy);
        }
        if (used + bytes > most) {
            return false;
        }
        // Counted from now on.
        Files.write(part(name, bytes), new byte[0]);
        return true;
    }

    /** The bytes that copies under way will have. Those of a process that was killed are removed after a day. */
    private long partBytes(String name) throws IOException {
        long bytes = 0;
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Matcher part = PART.matcher(file.getFileName().toString());
                if (!part.matches()) {
                    continue;
                }
                boolean abandoned =
                        lastUse(file).toInstant().isBefore(Instant.now().minus(Duration.ofDays(1)));
                if (abandoned || file.getFileName().toString().startsWith(name)) {
                    Files.deleteIfExists(file);
                } else {
                    bytes += Long.parseLong(part.group(1));
                }
            }
        }
        return bytes;
    }

    private static long size(Path file) throws IOException {
        try {
            return Files.size(file);
        } catch (NoSuchFileException e) {
            return 0;
        }
    }

    private static FileTime lastUse(Path file) {
        try {
            return Files.getLastModifiedTime(file);
        } catch (IOException e) {
            return FileTime.fromMillis(0);
        }
    }

    /** Marks a copy as used. Another process may have deleted it. */
    static void touch(Path copy) throws IOException {
        try {
            Files.setLastModifiedTime(copy, FileTime.from(Instant.now()));
        } catch (NoSuchFileException e) {
            // Whoever has it open can still read it.
        }
    }

    private static void writeIndex(Path file, Indexed indexed) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeInt(indexed.samples.size());
            for (int i = 0; i < indexed.crcs.length; i++) {
                Sample sample = indexed.samples.get(i);
                byte[] name = sample.name().getBytes(StandardCharsets.UTF_8);
                out.writeInt(name.length);
                out.write(name);
                out.writeLong(sample.offset());
                out.writeLong(sample.size());
                out.writeInt(sample.label());
                out.writeInt(indexed.crcs[i]);
            }
            out.flush();
            out.writeInt(StoredShards.crc(ByteBuffer.wrap(bytes.toByteArray())));
        }
        DurableFiles.write(file, bytes.toByteArray());
    }

    /** Empty when there is none, or it is damaged. */
    private static Optional<Indexed> readIndex(Path file) throws IOException {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        byte[] bytes = Files.readAllBytes(file);
        int length = bytes.length - Integer.BYTES;
        if (length < Integer.BYTES
                || StoredShards.crc(ByteBuffer.wrap(bytes, 0, length))
                        != ByteBuffer.wrap(bytes).getInt(length)) {
            return Optional.empty();
        }
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            int count = in.readInt();
            List<Sample> samples = new ArrayList<>();
            int[] crcs = new int[count];
            for (int i = 0; i < count; i++) {
                String name = new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
                samples.add(new Sample(name, in.readLong(), in.readLong(), in.readInt()));
                crcs[i] = in.readInt();
            }
            return Optional.of(new Indexed(samples, crcs, Optional.empty()));
        }
    }
}
