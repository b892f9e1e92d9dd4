package dev.lockstep.image.catalog;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.image.format.ContentDigest;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds a dataset's files. It looks in the user's data folder if one is given; otherwise in the system's folders and
 * the user's cache, and finally fetches the files into the cache. The cache only ever holds complete files with correct
 * checksums. Several processes that need the same dataset at once fetch it once.
 *
 * @param systemFolders folders to search before the cache
 * @param cache supplies the cache, which holds one folder per dataset; called only when needed, since a user may have
 *     no cache
 * @param sources sources to try, in this order
 */
record DatasetFetcher(FileSet files, List<Path> systemFolders, Supplier<Path> cache, List<FileSource> sources) {
    private static final Logger LOG = LoggerFactory.getLogger(DatasetFetcher.class);

    /** Serializes the threads of this process; a file lock works only between processes. */
    private static final Object LOCK = new Object();

    /**
     * Returns the folder that holds all files of the dataset. Their contents are verified when they are read.
     *
     * @param folder the user's data folder; if given, no other place is searched
     */
    Path locate(Optional<Path> folder) {
        if (folder.isPresent()) {
            return files.in(folder.get()).orElseThrow(() -> files.missing(folder.get()));
        }
        return find().orElseGet(this::fetchOnce);
    }

    /** The system or cache folder that already holds all files. */
    Optional<Path> find() {
        return systemFolders.stream()
                .flatMap(candidate -> files.in(candidate).stream())
                .findFirst()
                .or(() -> files.in(home()));
    }

    /** Like {@link #locate}, but also verifies the contents of all files. */
    Path locateVerified(Optional<Path> folder) {
        return verified(locate(folder));
    }

    private Path home() {
        return cache.get().resolve(files.dataset());
    }

    private Path fetchOnce() {
        Path cache = this.cache.get();
        synchronized (LOCK) {
            try {
                DurableFiles.createFolders(cache);
                Path lock = cache.resolve(files.dataset() + ".lock");
                try (FileChannel channel = FileChannel.open(
                                lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
                        FileLock held = channel.lock()) {
                    return held.isValid() && files.in(home()).isPresent() ? home() : fetch(cache);
                }
            } catch (IOException e) {
                throw new LockstepException(
                        LockstepException.Kind.DATA,
                        "cannot store the dataset: " + e,
                        "folder = " + cache,
                        "make it writable, set LOCKSTEP_CACHE to another folder, or specify a data folder that holds"
                                + " the files",
                        e);
            }
        }
    }

    private Path fetch(Path cache) throws IOException {
        removeAbandoned(cache);
        List<String> failures = new ArrayList<>();
        for (FileSource source : sources) {
            LOG.info("fetching {} from {}", files.dataset(), source.describe());
            Path work = Files.createTempDirectory(cache, workPrefix());
            try {
                return place(verified(source.fetch(work)), work);
            } catch (IOException | LockstepException e) {
                LOG.info("{}: {}", source.describe(), e.getMessage());
                failures.add(source.describe() + ": " + e.getMessage());
            } finally {
                DurableFiles.deleteFolder(work);
            }
        }
        throw LockstepException.data(
                "cannot fetch the dataset",
                "dataset = " + files.dataset() + ", tried = " + String.join("; ", failures),
                "check the network, or specify a data folder that holds the files");
    }

    private String workPrefix() {
        return ".fetch-" + files.dataset() + "-";
    }

    /** Removes the leftovers of killed processes. Only the holder of the lock fetches this dataset. */
    private void removeAbandoned(Path cache) throws IOException {
        try (DirectoryStream<Path> left = Files.newDirectoryStream(
                cache, entry -> entry.getFileName().toString().startsWith(workPrefix()))) {
            for (Path folder : left) {
                DurableFiles.deleteFolder(folder);
            }
        }
    }

    private Path verified(Path folder) {
        Path whole = files.in(folder).orElseThrow(() -> files.missing(folder));
        for (int i = 0; i < files.files().size(); i++) {
            Path file = files.file(whole, i);
            files.check().verify(file, ContentDigest.of(file));
        }
        return whole;
    }

    /**
     * Moves the files into the cache: first into a new folder, which is then renamed in one step. The files are synced
     * before the rename, because later runs check only that the names exist.
     */
    @SuppressWarnings("NullAway") // a file below a folder has a parent
    private Path place(Path folder, Path work) throws IOException {
        Path staged = Files.createDirectory(work.resolve(".staged"));
        for (int i = 0; i < files.files().size(); i++) {
            Path file = files.file(folder, i);
            Path target = staged.resolve(folder.relativize(file));
            Files.createDirectories(target.getParent());
            Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
        }
        if (Files.exists(home())) {
            DurableFiles.deleteFolder(home());
        }
        DurableFiles.publish(staged, home());
        return home();
    }
}
