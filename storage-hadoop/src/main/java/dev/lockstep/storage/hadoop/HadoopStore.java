package dev.lockstep.storage.hadoop;

import dev.lockstep.storage.ObjectStore;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.security.AccessControlException;

/**
 * A file system of Hadoop. On HDFS a put is a file beside the target that is synced and renamed over it, which HDFS does in
 * one transaction; in an object store a file appears when it is closed, and a rename would be a copy.
 */
final class HadoopStore implements ObjectStore {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final String TEMPORARY = ".tmp";

    private final FileSystem files;
    private final URI root;

    HadoopStore(FileSystem files, URI root) {
        this.files = files;
        this.root = root;
    }

    private interface Call<T> {
        T run(Path path) throws IOException;
    }

    private <T> T call(String key, Call<T> call) throws IOException {
        Path path = new Path(root.getScheme(), root.getRawAuthority(), "/" + key);
        try {
            return call.run(path);
        } catch (FileNotFoundException e) {
            throw caused(new NoSuchFileException(path.toString()), e);
        } catch (AccessControlException e) {
            throw caused(new AccessDeniedException(path.toString(), null, firstLine(e)), e);
        } catch (IOException e) {
            throw caused(new IOException(path + ": " + firstLine(e)), e);
        }
    }

    private static IOException caused(IOException failure, IOException cause) {
        failure.initCause(cause);
        return failure;
    }

    /** What Hadoop says may hold the server's stack trace. */
    private static String firstLine(IOException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    private static Entry entry(FileStatus status) {
        return status.isDirectory()
                ? new Entry(status.getPath().getName(), true, 0, "")
                : new Entry(
                        status.getPath().getName(),
                        false,
                        status.getLen(),
                        Long.toString(status.getModificationTime()));
    }

    @Override
    public Entry stat(String key) throws IOException {
        return call(key, path -> entry(files.getFileStatus(path)));
    }

    @Override
    public void read(String key, long offset, ByteBuffer target) throws IOException {
        call(key, path -> {
            byte[] bytes = new byte[target.remaining()];
            try (FSDataInputStream in = files.open(path)) {
                in.readFully(offset, bytes);
            }
            target.put(bytes);
            return true;
        });
    }

    @Override
    public List<Entry> list(String folder) throws IOException {
        return call(folder, path -> {
            List<Entry> entries = new ArrayList<>();
            try {
                for (FileStatus status : files.listStatus(path)) {
                    if (!status.getPath().getName().endsWith(TEMPORARY)) {
                        entries.add(entry(status));
                    }
                }
            } catch (FileNotFoundException e) {
                return List.of();
            }
            return entries;
        });
    }

    @Override
    public void put(String key, java.nio.file.Path file) throws IOException {
        call(key, path -> {
            if (!root.getScheme().equals("hdfs")) {
                copy(file, path);
                return true;
            }
            String random = HexFormat.of().toHexDigits(RANDOM.nextLong());
            Path temporary = new Path(path.getParent(), "." + path.getName() + "." + random + TEMPORARY);
            boolean renamed = false;
            try {
                copy(file, temporary);
                // FileSystem.rename returns false when the target exists, and says no more.
                FileContext.getFileContext(files.getUri(), files.getConf())
                        .rename(temporary, path, Options.Rename.OVERWRITE);
                renamed = true;
            } finally {
                if (!renamed) {
                    deleteQuietly(temporary);
                }
            }
            return true;
        });
    }

    private void copy(java.nio.file.Path file, Path target) throws IOException {
        try (InputStream in = Files.newInputStream(file);
                FSDataOutputStream out = files.create(target, true)) {
            in.transferTo((OutputStream) out);
            if (out.hasCapability("hsync")) {
                out.hsync();
            }
        }
    }

    private void deleteQuietly(Path path) {
        try {
            files.delete(path, false);
        } catch (IOException e) {
            // The caller gets the original failure.
        }
    }

    @Override
    public void delete(String key) throws IOException {
        call(key, path -> files.delete(path, false));
    }

    @Override
    public void close() {
        try {
            files.close();
        } catch (IOException e) {
            // Nothing is buffered here: every put has ended.
        }
    }
}
