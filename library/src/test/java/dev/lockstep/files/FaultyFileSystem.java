package dev.lockstep.files;

import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.StandardOpenOption;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.spi.FileSystemProvider;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * A real folder accessed through a faulty disk: any change can be rejected, and after a power failure the disk holds
 * what was synced and possibly parts of the rest.
 */
public final class FaultyFileSystem extends FileSystem {
    /** Called before every change, which it may reject. */
    public interface Faults {
        void before(String change, Path file) throws IOException;
    }

    private final FileSystemProvider provider = new Provider();
    private final Path root;
    private final Disk disk;
    private volatile Faults faults;
    private volatile boolean off;

    /** @param root holds the initial contents of the disk */
    public FaultyFileSystem(Path root, Faults faults) throws IOException {
        this.root = root.toRealPath();
        this.disk = new Disk(this.root);
        this.faults = faults;
    }

    /** The folder as a path of this file system. */
    public Path folder() {
        return new FaultyPath(root);
    }

    /** Makes every further read or write fail. */
    public void powerOff() {
        off = true;
    }

    /** Creates a folder with the disk's contents after the power failure. */
    public void afterPowerLoss(Loss loss, Path folder) throws IOException {
        off = true;
        synchronized (disk) {
            disk.copyTo(folder, loss);
        }
    }

    private void requirePower() throws IOException {
        if (off) {
            throw new IOException("the power is off");
        }
    }

    private void before(String change, Path real) throws IOException {
        requirePower();
        faults.before(change, real);
        requirePower();
    }

    private static Path real(Path path) {
        return ((FaultyPath) path).real;
    }

    @Override
    public FileSystemProvider provider() {
        return provider;
    }

    @Override
    public void close() {}

    @Override
    public boolean isOpen() {
        return true;
    }

    @Override
    public boolean isReadOnly() {
        return false;
    }

    @Override
    public String getSeparator() {
        return root.getFileSystem().getSeparator();
    }

    @Override
    public Iterable<Path> getRootDirectories() {
        return List.of(new FaultyPath(root.getRoot()));
    }

    @Override
    public Iterable<FileStore> getFileStores() {
        return root.getFileSystem().getFileStores();
    }

    @Override
    public Set<String> supportedFileAttributeViews() {
        return Set.of("basic");
    }

    @Override
    public Path getPath(String first, String... more) {
        return new FaultyPath(root.getFileSystem().getPath(first, more));
    }

    @Override
    public PathMatcher getPathMatcher(String pattern) {
        PathMatcher matcher = root.getFileSystem().getPathMatcher(pattern);
        return path -> matcher.matches(real(path));
    }

    @Override
    public UserPrincipalLookupService getUserPrincipalLookupService() {
        throw new UnsupportedOperationException();
    }

    @Override
    public WatchService newWatchService() {
        throw new UnsupportedOperationException();
    }

    private final class FaultyPath implements Path {
        private final Path real;

        FaultyPath(Path real) {
            this.real = real;
        }

        private Path of(Path path) {
            return path == null ? null : new FaultyPath(path);
        }

        @Override
        public FileSystem getFileSystem() {
            return FaultyFileSystem.this;
        }

        @Override
        public boolean isAbsolute() {
            return real.isAbsolute();
        }

        @Override
        public Path getRoot() {
            return of(real.getRoot());
        }

        @Override
        public Path getFileName() {
            return of(real.getFileName());
        }

        @Override
        public Path getParent() {
            return of(real.getParent());
        }

        @Override
        public int getNameCount() {
            return real.getNameCount();
        }

        @Override
        public Path getName(int index) {
            return of(real.getName(index));
        }

        @Override
        public Path subpath(int from, int to) {
            return of(real.subpath(from, to));
        }

        @Override
        public boolean startsWith(Path other) {
            return real.startsWith(real(other));
        }

        @Override
        public boolean endsWith(Path other) {
            return real.endsWith(real(other));
        }

        @Override
        public Path normalize() {
            return of(real.normalize());
        }

        @Override
        public Path resolve(Path other) {
            return of(real.resolve(real(other)));
        }

        @Override
        public Path relativize(Path other) {
            return of(real.relativize(real(other)));
        }

        @Override
        public URI toUri() {
            return real.toUri();
        }

        @Override
        public Path toAbsolutePath() {
            return of(real.toAbsolutePath());
        }

        @Override
        public Path toRealPath(LinkOption... options) throws IOException {
            requirePower();
            return of(real.toRealPath(options));
        }

        @Override
        public WatchKey register(WatchService service, WatchEvent.Kind<?>[] events, WatchEvent.Modifier... more) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Iterator<Path> iterator() {
            List<Path> names = new ArrayList<>();
            real.forEach(name -> names.add(of(name)));
            return names.iterator();
        }

        @Override
        public int compareTo(Path other) {
            return real.compareTo(real(other));
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof FaultyPath path && path.real.equals(real);
        }

        @Override
        public int hashCode() {
            return real.hashCode();
        }

        @Override
        public String toString() {
            return real.toString();
        }
    }

    private final class Provider extends FileSystemProvider {
        @Override
        public String getScheme() {
            return "faulty";
        }

        @Override
        public FileSystem newFileSystem(URI uri, Map<String, ?> settings) {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileSystem getFileSystem(URI uri) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Path getPath(URI uri) {
            throw new UnsupportedOperationException();
        }

        @Override
        public SeekableByteChannel newByteChannel(
                Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes) throws IOException {
            return newFileChannel(path, options, attributes);
        }

        @Override
        public FileChannel newFileChannel(Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
                throws IOException {
            requirePower();
            Path real = real(path);
            boolean exists = Files.exists(real);
            boolean creates = !exists
                    && (options.contains(StandardOpenOption.CREATE) || options.contains(StandardOpenOption.CREATE_NEW));
            boolean truncates = exists && options.contains(StandardOpenOption.TRUNCATE_EXISTING);
            if (creates || truncates) {
                before(creates ? "create" : "truncate", real);
            }
            synchronized (disk) {
                FileChannel channel = FileChannel.open(real, options, attributes);
                if (creates) {
                    disk.created(real);
                }
                return new Channel(channel, real, disk.at(real));
            }
        }

        @Override
        public DirectoryStream<Path> newDirectoryStream(Path folder, DirectoryStream.Filter<? super Path> filter)
                throws IOException {
            requirePower();
            DirectoryStream<Path> stream =
                    Files.newDirectoryStream(real(folder), entry -> filter.accept(new FaultyPath(entry)));
            return new DirectoryStream<>() {
                @Override
                public Iterator<Path> iterator() {
                    Iterator<Path> entries = stream.iterator();
                    return new Iterator<>() {
                        @Override
                        public boolean hasNext() {
                            return entries.hasNext();
                        }

                        @Override
                        public Path next() {
                            return new FaultyPath(entries.next());
                        }
                    };
                }

                @Override
                public void close() throws IOException {
                    stream.close();
                }
            };
        }

        @Override
        public void createDirectory(Path folder, FileAttribute<?>... attributes) throws IOException {
            before("create", real(folder));
            synchronized (disk) {
                Files.createDirectory(real(folder), attributes);
                disk.created(real(folder));
            }
        }

        @Override
        public void delete(Path path) throws IOException {
            requirePower();
            if (Files.exists(real(path), LinkOption.NOFOLLOW_LINKS)) {
                before("delete", real(path));
            }
            synchronized (disk) {
                disk.beforeRemoval(real(path));
                Files.delete(real(path));
                disk.removed(real(path));
            }
        }

        @Override
        public void copy(Path from, Path to, CopyOption... options) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void move(Path from, Path to, CopyOption... options) throws IOException {
            before("move", real(to));
            synchronized (disk) {
                disk.beforeRemoval(real(to));
                Files.move(real(from), real(to), options);
                disk.moved(real(from), real(to));
            }
        }

        @Override
        public boolean isSameFile(Path one, Path other) throws IOException {
            return Files.isSameFile(real(one), real(other));
        }

        @Override
        public boolean isHidden(Path path) throws IOException {
            return Files.isHidden(real(path));
        }

        @Override
        public FileStore getFileStore(Path path) throws IOException {
            return Files.getFileStore(real(path));
        }

        @Override
        public void checkAccess(Path path, AccessMode... modes) throws IOException {
            requirePower();
            real(path).getFileSystem().provider().checkAccess(real(path), modes);
        }

        @Override
        public <V extends FileAttributeView> V getFileAttributeView(Path path, Class<V> type, LinkOption... options) {
            return Files.getFileAttributeView(real(path), type, options);
        }

        @Override
        public <A extends BasicFileAttributes> A readAttributes(Path path, Class<A> type, LinkOption... options)
                throws IOException {
            requirePower();
            return Files.readAttributes(real(path), type, options);
        }

        @Override
        public Map<String, Object> readAttributes(Path path, String attributes, LinkOption... options)
                throws IOException {
            requirePower();
            return Files.readAttributes(real(path), attributes, options);
        }

        @Override
        public void setAttribute(Path path, String attribute, Object value, LinkOption... options) {
            throw new UnsupportedOperationException();
        }
    }

    private final class Channel extends FileChannel {
        private final FileChannel channel;
        private final Path real;
        private final Disk.Node node;

        Channel(FileChannel channel, Path real, Disk.Node node) {
            this.channel = channel;
            this.real = real;
            this.node = node;
        }

        private interface Change<T> {
            T make() throws IOException;
        }

        private <T> T change(String name, Change<T> change) throws IOException {
            before(name, real);
            synchronized (disk) {
                return change.make();
            }
        }

        @Override
        public int read(ByteBuffer to) throws IOException {
            requirePower();
            return channel.read(to);
        }

        @Override
        public long read(ByteBuffer[] to, int offset, int length) throws IOException {
            requirePower();
            return channel.read(to, offset, length);
        }

        @Override
        public int read(ByteBuffer to, long position) throws IOException {
            requirePower();
            return channel.read(to, position);
        }

        @Override
        public int write(ByteBuffer from) throws IOException {
            return change("write", () -> channel.write(from));
        }

        @Override
        public long write(ByteBuffer[] from, int offset, int length) throws IOException {
            return change("write", () -> channel.write(from, offset, length));
        }

        @Override
        public int write(ByteBuffer from, long position) throws IOException {
            return change("write", () -> channel.write(from, position));
        }

        @Override
        public long position() throws IOException {
            return channel.position();
        }

        @Override
        public FileChannel position(long position) throws IOException {
            channel.position(position);
            return this;
        }

        @Override
        public long size() throws IOException {
            requirePower();
            return channel.size();
        }

        @Override
        public FileChannel truncate(long size) throws IOException {
            change("truncate", () -> channel.truncate(size));
            return this;
        }

        @Override
        public void force(boolean metadata) throws IOException {
            change("sync", () -> {
                node.sync();
                return node;
            });
        }

        @Override
        public long transferTo(long position, long count, WritableByteChannel to) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long transferFrom(ReadableByteChannel from, long position, long count) {
            throw new UnsupportedOperationException();
        }

        @Override
        public MappedByteBuffer map(MapMode mode, long position, long size) {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileLock lock(long position, long size, boolean shared) throws IOException {
            return channel.lock(position, size, shared);
        }

        @Override
        public FileLock tryLock(long position, long size, boolean shared) throws IOException {
            return channel.tryLock(position, size, shared);
        }

        @Override
        protected void implCloseChannel() throws IOException {
            channel.close();
        }
    }

    /** What a power failure leaves of the changes that were not synced. */
    public enum Loss {
        /** Everything: only the process died. */
        NOTHING(true, unsynced -> unsynced),
        /** Names, but not contents. */
        CONTENTS(true, unsynced -> null),
        /** Names, and a part of the contents. */
        HALF_OF_CONTENTS(true, unsynced -> java.util.Arrays.copyOf(unsynced, unsynced.length / 2)),
        /** Contents, but not names. */
        NAMES(false, unsynced -> unsynced),
        /** Neither. */
        EVERYTHING(false, unsynced -> null);

        final boolean keepsNames;
        final UnaryOperator<byte[]> ofContents;

        Loss(boolean keepsNames, UnaryOperator<byte[]> ofContents) {
            this.keepsNames = keepsNames;
            this.ofContents = ofContents;
        }
    }
}
