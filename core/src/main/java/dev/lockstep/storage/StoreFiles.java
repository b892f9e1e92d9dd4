package dev.lockstep.storage;

import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.ReadOnlyFileSystemException;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.FileTime;
import java.nio.file.spi.FileSystemProvider;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What {@code Files} does with the paths of stores: reads and lists. Objects are written whole, by {@link
 * dev.lockstep.files.DurableFiles} and {@link Stores}; a channel that writes is refused.
 */
final class StoreFiles extends FileSystemProvider {
    static final StoreFiles PROVIDER = new StoreFiles();

    private StoreFiles() {}

    private static StorePath of(Path path) {
        return (StorePath) path;
    }

    private static ObjectStore store(Path path) {
        return of(path).getFileSystem().store();
    }

    private static void requireRead(Path path, Set<? extends OpenOption> options) throws IOException {
        if (!options.isEmpty() && !options.equals(Set.of(StandardOpenOption.READ))) {
            throw new IOException("an object in a store cannot be locked, changed or appended to: " + path);
        }
    }

    @Override
    public SeekableByteChannel newByteChannel(
            Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes) throws IOException {
        requireRead(path, options);
        ObjectStore.Entry entry = store(path).stat(of(path).key());
        if (entry.folder()) {
            throw new IOException("is a folder: " + path);
        }
        return new RangeChannel(store(path), of(path).key(), entry.bytes());
    }

    /** A local copy, which disappears when it is closed: a {@code FileChannel} can be mapped and read at any position. */
    @Override
    public FileChannel newFileChannel(Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
            throws IOException {
        Path copy = Files.createTempFile("lockstep-", ".object");
        try (SeekableByteChannel in = newByteChannel(path, options)) {
            FileChannel out = FileChannel.open(
                    copy, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
            try {
                copy(in, out);
                return out.position(0);
            } catch (IOException | RuntimeException e) {
                out.close();
                throw e;
            }
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(copy);
            throw e;
        }
    }

    private static void copy(SeekableByteChannel in, FileChannel out) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(RangeChannel.BLOCK);
        while (in.read(buffer.clear()) >= 0) {
            buffer.flip();
            while (buffer.hasRemaining()) {
                out.write(buffer);
            }
        }
    }

    @Override
    public DirectoryStream<Path> newDirectoryStream(Path folder, DirectoryStream.Filter<? super Path> filter)
            throws IOException {
        List<Path> paths = new ArrayList<>();
        for (ObjectStore.Entry entry : store(folder).list(of(folder).key())) {
            Path path = folder.resolve(entry.name());
            if (filter.accept(path)) {
                paths.add(path);
            }
        }
        return new DirectoryStream<>() {
            @Override
            public Iterator<Path> iterator() {
                return paths.iterator();
            }

            @Override
            public void close() {}
        };
    }

    /** Folders need not be created. */
    @Override
    public void createDirectory(Path folder, FileAttribute<?>... attributes) {}

    @Override
    public void delete(Path path) throws IOException {
        store(path).delete(of(path).key());
    }

    @Override
    public void checkAccess(Path path, AccessMode... modes) throws IOException {
        store(path).stat(of(path).key());
    }

    @Override
    @SuppressWarnings("unchecked")
    public <A extends BasicFileAttributes> A readAttributes(Path path, Class<A> type, LinkOption... options)
            throws IOException {
        if (type != BasicFileAttributes.class) {
            throw new UnsupportedOperationException(type.getName());
        }
        return (A) new Attributes(store(path).stat(of(path).key()));
    }

    private record Attributes(ObjectStore.Entry entry) implements BasicFileAttributes {
        @Override
        public FileTime lastModifiedTime() {
            return FileTime.fromMillis(0);
        }

        @Override
        public FileTime lastAccessTime() {
            return FileTime.fromMillis(0);
        }

        @Override
        public FileTime creationTime() {
            return FileTime.fromMillis(0);
        }

        @Override
        public boolean isRegularFile() {
            return !entry.folder();
        }

        @Override
        public boolean isDirectory() {
            return entry.folder();
        }

        @Override
        public boolean isSymbolicLink() {
            return false;
        }

        @Override
        public boolean isOther() {
            return false;
        }

        @Override
        public long size() {
            return entry.bytes();
        }

        @Override
        public Object fileKey() {
            return entry.version();
        }
    }

    @Override
    public boolean isSameFile(Path path, Path other) {
        return path.equals(other);
    }

    @Override
    public boolean isHidden(Path path) {
        return false;
    }

    @Override
    public String getScheme() {
        return "lockstep-store";
    }

    @Override
    public FileSystem newFileSystem(URI uri, Map<String, ?> settings) {
        throw new UnsupportedOperationException("stores are opened by Locations");
    }

    @Override
    public FileSystem getFileSystem(URI uri) {
        throw new UnsupportedOperationException("stores are opened by Locations");
    }

    @Override
    public Path getPath(URI uri) {
        throw new UnsupportedOperationException("stores are opened by Locations");
    }

    @Override
    public void copy(Path source, Path target, CopyOption... options) {
        throw new UnsupportedOperationException("stores copy nothing");
    }

    @Override
    public void move(Path source, Path target, CopyOption... options) {
        throw new UnsupportedOperationException("stores rename nothing");
    }

    @Override
    public FileStore getFileStore(Path path) {
        throw new UnsupportedOperationException("stores have no size");
    }

    @Override
    public <V extends FileAttributeView> @Nullable V getFileAttributeView(
            Path path, Class<V> type, LinkOption... options) {
        if (type != BasicFileAttributeView.class) {
            return null;
        }
        throw new UnsupportedOperationException("stores have no views of attributes");
    }

    @Override
    public Map<String, Object> readAttributes(Path path, String attributes, LinkOption... options) {
        throw new UnsupportedOperationException("stores have no attributes by name");
    }

    @Override
    public void setAttribute(Path path, String attribute, Object value, LinkOption... options) {
        throw new ReadOnlyFileSystemException();
    }
}
