package dev.lockstep.image.format;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.storage.Stores;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Shards in a store. Each is read once, to index it, and stays in the {@link ShardCache} if it fits. Images of the others
 * are read by ranges, ahead of their use. Every image is compared with the checksum that its shard had when it was
 * indexed.
 */
final class StoredShards {
    /** Enough reads in flight for 1 Gb/s of photographs of 100 KB at 50 ms. */
    private static final int READERS = 64;
    /** Shards that are copied at once. */
    private static final int COPIES = 4;
    /** The most bytes that are read ahead: 256 MiB. */
    private static final long MOST_AHEAD = 1 << 28;

    private static final ExecutorService READING = threads("lockstep-store", READERS);

    /**
     * Where an image lies.
     *
     * @param number of its shard
     */
    record Place(int number, Path shard, long offset, int bytes, int crc) {}

    private record Ahead(Place place, Future<byte[]> bytes) {}

    private final List<Optional<Copy>> copies;

    /** Read ahead: by image, the oldest first. */
    private final Map<Integer, Ahead> ahead = new LinkedHashMap<>();

    private long bytesAhead;

    /** @param copies of the shards that have one, in the order of the shards */
    StoredShards(List<Optional<Path>> copies) {
        this.copies = copies.stream().map(copy -> copy.map(Copy::new)).toList();
    }

    /** A copy that stays open as long as its dataset: it can be read even after another process has deleted it. */
    private static final class Copy {
        private static final long MARKED_NANOS = TimeUnit.MINUTES.toNanos(1);

        private final Path file;
        private final FileChannel channel;
        private volatile long marked = System.nanoTime();

        Copy(Path file) {
            this.file = file;
            try {
                this.channel = FileChannel.open(file);
            } catch (IOException e) {
                throw new LockstepException(
                        LockstepException.Kind.DATA,
                        "cannot open the copy of a shard: " + e,
                        "file = " + file,
                        "start again",
                        e);
            }
        }

        byte[] read(Place place) throws IOException {
            if (System.nanoTime() - marked > MARKED_NANOS) {
                marked = System.nanoTime();
                ShardCache.touch(file);
            }
            ByteBuffer bytes = ByteBuffer.allocate(place.bytes);
            while (bytes.hasRemaining() && channel.read(bytes, place.offset + bytes.position()) >= 0) {
                // Until all of it is there or the copy ends.
            }
            return !bytes.hasRemaining() && crc(bytes.flip()) == place.crc ? bytes.array() : StoredShards.read(place);
        }
    }

    private static ExecutorService threads(String name, int count) {
        return Executors.newFixedThreadPool(count, task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        });
    }

    /** Indexes the shards, and copies them to the cache as far as they fit. In the order of the shards. */
    static List<ShardCache.Indexed> index(List<Path> shards, ShardCache cache) {
        ExecutorService copying = threads("lockstep-copy", COPIES);
        try {
            List<Future<ShardCache.Indexed>> running = new ArrayList<>();
            shards.forEach(shard -> running.add(copying.submit(() -> cache.index(shard))));
            List<ShardCache.Indexed> indexed = new ArrayList<>();
            for (int i = 0; i < shards.size(); i++) {
                indexed.add(result(running.get(i), shards.get(i)));
            }
            return indexed;
        } finally {
            copying.shutdownNow();
        }
    }

    private static ShardCache.Indexed result(Future<ShardCache.Indexed> running, Path shard) {
        try {
            return running.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof LockstepException known) {
                throw known;
            }
            throw new LockstepException(
                    LockstepException.Kind.DATA,
                    "cannot copy the shard: " + e.getCause(),
                    "shard = " + shard,
                    "check the store and the space in the cache",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while shards were indexed", e);
        }
    }

    /** Starts to read an image that will be asked for soon, unless it is on this machine. */
    void prefetch(int image, Place place) {
        if (copies.get(place.number).isPresent()) {
            return;
        }
        synchronized (ahead) {
            if (ahead.containsKey(image)) {
                return;
            }
            while (bytesAhead + place.bytes > MOST_AHEAD && !ahead.isEmpty()) {
                // Nobody asked for it: a run that stopped, or an evaluation that ended early.
                Ahead oldest = forget(ahead.keySet().iterator().next());
                if (oldest != null) {
                    oldest.bytes.cancel(true);
                }
            }
            bytesAhead += place.bytes;
            ahead.put(image, new Ahead(place, READING.submit(() -> read(place))));
        }
    }

    private @Nullable Ahead forget(int image) {
        synchronized (ahead) {
            Ahead found = ahead.remove(image);
            if (found != null) {
                bytesAhead -= found.place.bytes;
            }
            return found;
        }
    }

    /** The bytes of an image. */
    byte[] read(int image, Place place) throws IOException {
        Optional<Copy> copy = copies.get(place.number);
        if (copy.isPresent()) {
            return copy.get().read(place);
        }
        Ahead found = forget(image);
        if (found == null) {
            return read(place);
        }
        try {
            return found.bytes.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException known ? known : new IOException(e.getCause());
        } catch (CancellationException e) {
            return read(place);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while an image was read");
        }
    }

    /** Twice at most: a second copy that is damaged in the same way is the store's own. */
    private static byte[] read(Place place) throws IOException {
        byte[] bytes = new byte[place.bytes];
        for (int attempt = 0; attempt < 2; attempt++) {
            Stores.read(place.shard, place.offset, ByteBuffer.wrap(bytes));
            if (crc(ByteBuffer.wrap(bytes)) == place.crc) {
                return bytes;
            }
        }
        throw new IOException("the store gives other bytes than when the shard was indexed");
    }

    static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
