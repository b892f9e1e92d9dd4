package dev.lockstep.storage;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The name of an object or folder in a store, such as {@code s3://bucket/run/recipe.yaml}, or a part of a name. */
final class StorePath implements Path {
    private final StoreFileSystem system;
    private final boolean absolute;
    private final List<String> parts;

    StorePath(StoreFileSystem system, boolean absolute, List<String> parts) {
        this.system = system;
        this.absolute = absolute;
        this.parts = List.copyOf(parts);
    }

    static List<String> split(String text) {
        return Arrays.stream(text.split("/")).filter(part -> !part.isEmpty()).toList();
    }

    /** The key in the store; empty for its root. */
    String key() {
        return String.join("/", parts);
    }

    @Override
    public StoreFileSystem getFileSystem() {
        return system;
    }

    @Override
    public boolean isAbsolute() {
        return absolute;
    }

    @Override
    public @Nullable Path getRoot() {
        return absolute ? new StorePath(system, true, List.of()) : null;
    }

    @Override
    public @Nullable Path getFileName() {
        return parts.isEmpty() ? null : subpath(parts.size() - 1, parts.size());
    }

    @Override
    public @Nullable Path getParent() {
        return parts.isEmpty() || !absolute && parts.size() == 1
                ? null
                : new StorePath(system, absolute, parts.subList(0, parts.size() - 1));
    }

    @Override
    public int getNameCount() {
        return parts.size();
    }

    @Override
    public Path getName(int index) {
        return subpath(index, index + 1);
    }

    @Override
    public Path subpath(int begin, int end) {
        if (begin < 0 || begin >= end || end > parts.size()) {
            throw new IllegalArgumentException("begin = " + begin + ", end = " + end + ", parts = " + parts.size());
        }
        return new StorePath(system, false, parts.subList(begin, end));
    }

    @Override
    public boolean startsWith(Path other) {
        return other instanceof StorePath that
                && that.system == system
                && that.absolute == absolute
                && that.parts.size() <= parts.size()
                && parts.subList(0, that.parts.size()).equals(that.parts);
    }

    @Override
    public boolean endsWith(Path other) {
        return other instanceof StorePath that
                && that.system == system
                && (that.absolute
                        ? equals(that)
                        : that.parts.size() <= parts.size()
                                && parts.subList(parts.size() - that.parts.size(), parts.size())
                                        .equals(that.parts));
    }

    /** Names in stores have no {@code .} and {@code ..}. */
    @Override
    public Path normalize() {
        return this;
    }

    @Override
    public Path resolve(Path other) {
        if (!(other instanceof StorePath that)) {
            throw new ProviderMismatchException(other.toString());
        }
        return that.absolute
                ? that
                : new StorePath(
                        system,
                        absolute,
                        Stream.concat(parts.stream(), that.parts.stream()).toList());
    }

    @Override
    public Path relativize(Path other) {
        if (!other.startsWith(this)) {
            throw new IllegalArgumentException("not below " + this + ": " + other);
        }
        return new StorePath(system, false, ((StorePath) other).parts.subList(parts.size(), other.getNameCount()));
    }

    @Override
    public URI toUri() {
        URI root = system.root();
        try {
            return new URI(root.getScheme(), root.getAuthority(), "/" + key(), null, null);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public Path toAbsolutePath() {
        return new StorePath(system, true, parts);
    }

    @Override
    public Path toRealPath(LinkOption... options) {
        return toAbsolutePath();
    }

    @Override
    public WatchKey register(WatchService watcher, WatchEvent.Kind<?>[] events, WatchEvent.Modifier... modifiers) {
        throw new UnsupportedOperationException("stores tell of no changes");
    }

    @Override
    public int compareTo(Path other) {
        return toString().compareTo(other.toString());
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof StorePath that
                && that.system == system
                && that.absolute == absolute
                && that.parts.equals(parts);
    }

    @Override
    public int hashCode() {
        return Objects.hash(absolute, parts);
    }

    @Override
    public String toString() {
        return absolute ? system.root() + "/" + key() : parts.stream().collect(Collectors.joining("/"));
    }
}
