package dev.lockstep.storage;

import java.net.URI;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.WatchService;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.spi.FileSystemProvider;
import java.util.List;
import java.util.Set;

/** A store as a file system that can be read through {@code Files}. It stays open as long as the JVM. */
final class StoreFileSystem extends FileSystem {
    private final URI root;
    private final ObjectStore store;

    /** @param root scheme and authority */
    StoreFileSystem(URI root, ObjectStore store) {
        this.root = root;
        this.store = store;
    }

    URI root() {
        return root;
    }

    ObjectStore store() {
        return store;
    }

    StorePath path(String key) {
        return new StorePath(this, true, StorePath.split(key));
    }

    @Override
    public FileSystemProvider provider() {
        return StoreFiles.PROVIDER;
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException("a store stays open");
    }

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
        return "/";
    }

    @Override
    public Iterable<Path> getRootDirectories() {
        return List.of(path(""));
    }

    @Override
    public Iterable<FileStore> getFileStores() {
        return List.of();
    }

    @Override
    public Set<String> supportedFileAttributeViews() {
        return Set.of("basic");
    }

    @Override
    public Path getPath(String first, String... more) {
        String text = more.length == 0 ? first : first + "/" + String.join("/", more);
        return new StorePath(this, text.startsWith("/"), StorePath.split(text));
    }

    @Override
    public PathMatcher getPathMatcher(String pattern) {
        PathMatcher local = FileSystems.getDefault().getPathMatcher(pattern);
        return path -> local.matches(Path.of(path.toString()));
    }

    @Override
    public UserPrincipalLookupService getUserPrincipalLookupService() {
        throw new UnsupportedOperationException("stores have no users");
    }

    @Override
    public WatchService newWatchService() {
        throw new UnsupportedOperationException("stores tell of no changes");
    }
}
