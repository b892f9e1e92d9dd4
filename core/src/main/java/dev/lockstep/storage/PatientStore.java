package dev.lockstep.storage;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Tries a failed call again, with growing pauses: a store that restarts, is busy, or refuses credentials that are being
 * renewed must not end a run. A store that has never answered gets less patience, since its name, its address or the
 * credentials may be wrong.
 */
final class PatientStore implements ObjectStore {
    private static final Duration FIRST = Duration.ofSeconds(6);
    private static final long FIRST_PAUSE_MILLIS = 100;
    private static final long LONGEST_PAUSE_MILLIS = 5000;

    private final ObjectStore store;
    private final Duration patience;
    private volatile boolean hasAnswered;

    /** @param patience how long to try again once the store has answered */
    PatientStore(ObjectStore store, Duration patience) {
        this.store = store;
        this.patience = patience;
    }

    private interface Call<T> {
        T run() throws IOException;
    }

    private <T> T patiently(Call<T> call) throws IOException {
        long start = System.nanoTime();
        for (long pause = FIRST_PAUSE_MILLIS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS)) {
            try {
                T answer = call.run();
                hasAnswered = true;
                return answer;
            } catch (NoSuchFileException e) {
                hasAnswered = true;
                throw e;
            } catch (IOException e) {
                Duration limit = hasAnswered ? patience : patience.compareTo(FIRST) < 0 ? patience : FIRST;
                boolean refused = e instanceof AccessDeniedException && !hasAnswered;
                if (refused || System.nanoTime() - start + pause * 1_000_000 > limit.toNanos()) {
                    throw e;
                }
                sleep(pause / 2 + ThreadLocalRandom.current().nextLong(pause));
            }
        }
    }

    private static void sleep(long millis) throws InterruptedIOException {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while a store was awaited");
        }
    }

    @Override
    public Entry stat(String key) throws IOException {
        return patiently(() -> store.stat(key));
    }

    @Override
    public void read(String key, long offset, ByteBuffer target) throws IOException {
        int position = target.position();
        patiently(() -> {
            store.read(key, offset, target.position(position));
            return true;
        });
    }

    @Override
    public List<Entry> list(String folder) throws IOException {
        return patiently(() -> store.list(folder));
    }

    @Override
    public void put(String key, Path file) throws IOException {
        patiently(() -> {
            store.put(key, file);
            return true;
        });
    }

    @Override
    public void delete(String key) throws IOException {
        patiently(() -> {
            store.delete(key);
            return true;
        });
    }

    @Override
    public void close() {
        store.close();
    }
}
