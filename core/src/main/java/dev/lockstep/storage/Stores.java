package dev.lockstep.storage;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.concurrent.ConcurrentHashMap;

/** The stores that this JVM has opened, and what can be done with their paths beyond {@code Files}. */
public final class Stores {
    /** Seconds for which a call to a store that has answered before is tried again. */
    static final String PATIENCE = "LOCKSTEP_STORE_PATIENCE";

    private static final long DEFAULT_PATIENCE = 120;
    private static final Map<URI, StoreFileSystem> OPEN = new ConcurrentHashMap<>();

    /** The optional modules. */
    private static final Map<String, String> MODULES = Map.of(
            "s3", "lockstep-storage-s3",
            "hdfs", "lockstep-storage-hadoop",
            "gs", "lockstep-storage-hadoop");

    private Stores() {}

    /** Whether a path is in a store, not on this machine. */
    public static boolean isRemote(Path path) {
        return path instanceof StorePath;
    }

    /**
     * Refuses the path of a store where only files of this machine can be used.
     *
     * @param what the name of the path for the message, such as {@code --plots}
     * @throws LockstepException of kind RECIPE
     */
    public static void requireLocal(String what, Path path) {
        if (isRemote(path)) {
            throw LockstepException.recipe(
                    "this must be on this machine", what + " = " + path, "give a path of this machine");
        }
    }

    /**
     * Checks that the store of a path answers, where {@code Files} would only say that nothing exists.
     *
     * @param folder of a store; a path of this machine is not checked
     * @throws LockstepException of kind DATA with the store's reason
     */
    public static void requireAnswer(Path folder) {
        if (folder instanceof StorePath path) {
            try {
                path.getFileSystem().store().list(path.key());
            } catch (IOException e) {
                throw new LockstepException(
                        LockstepException.Kind.DATA,
                        "the store does not answer: " + e.getMessage(),
                        "folder = " + folder,
                        "check its address and the credentials",
                        e);
            }
        }
    }

    /** The size and version of an object. */
    public static ObjectStore.Entry stat(Path path) throws IOException {
        StorePath object = (StorePath) path;
        return object.getFileSystem().store().stat(object.key());
    }

    /** Fills a buffer with an object's bytes from {@code offset} on. */
    public static void read(Path path, long offset, ByteBuffer target) throws IOException {
        StorePath object = (StorePath) path;
        object.getFileSystem().store().read(object.key(), offset, target);
    }

    /** Copies a local file into a store. Readers see all of the old contents or all of the new. */
    public static void put(Path file, Path target) throws IOException {
        if (!FileSystems.getDefault().equals(file.getFileSystem())) {
            throw new IllegalArgumentException("not a local file: " + file);
        }
        StorePath object = (StorePath) target;
        object.getFileSystem().store().put(object.key(), file);
    }

    /** Copies an object to a local file, which is replaced. */
    public static void get(Path source, Path file) throws IOException {
        try (var in = Files.newInputStream(source)) {
            Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /**
     * The path of a URI in a store.
     *
     * @param text the URI, for messages
     * @throws LockstepException of kind RECIPE when no module opens such stores, or the URI names none
     */
    static Path path(String scheme, String rest, String text) {
        String authority = rest.startsWith("//") ? rest.substring(2).split("/", 2)[0] : "";
        String key = rest.substring(rest.startsWith("//") ? 2 + authority.length() : 0);
        StoreProvider provider = provider(scheme, text);
        try {
            URI root = URI.create(scheme + "://" + authority);
            return OPEN.computeIfAbsent(root, uri -> new StoreFileSystem(uri, open(provider, uri, text)))
                    .path(key);
        } catch (IllegalArgumentException e) {
            throw LockstepException.recipe(
                    "not a URI: " + e.getMessage(), "path = " + text, "write it as " + scheme + "://name/folder/file");
        }
    }

    private static ObjectStore open(StoreProvider provider, URI root, String text) {
        try {
            return new PatientStore(provider.open(root), patience());
        } catch (IOException e) {
            throw new LockstepException(
                    LockstepException.Kind.RECIPE,
                    "cannot open the store: " + e.getMessage(),
                    "path = " + text,
                    "see docs/storage.md for its settings",
                    e);
        }
    }

    private static Duration patience() {
        String text = System.getenv().getOrDefault(PATIENCE, "");
        if (!text.matches("[0-9]{0,6}")) {
            throw LockstepException.recipe("not a number of seconds", PATIENCE + " = " + text, "give a whole number");
        }
        return Duration.ofSeconds(text.isEmpty() ? DEFAULT_PATIENCE : Long.parseLong(text));
    }

    private static StoreProvider provider(String scheme, String text) {
        return find(scheme).orElseThrow(() -> {
            String module = MODULES.get(scheme);
            return LockstepException.recipe(
                    "cannot open paths of this kind: scheme = " + scheme,
                    "path = " + text,
                    module == null
                            ? "give a path of this machine, such as /data or file:///data"
                            : "add the module " + module + " to the class path, see docs/storage.md");
        });
    }

    private static Optional<StoreProvider> find(String scheme) {
        try {
            for (ServiceLoader<StoreProvider> loader : List.of(
                    ServiceLoader.load(StoreProvider.class, Stores.class.getClassLoader()),
                    ServiceLoader.load(StoreProvider.class))) {
                for (StoreProvider provider : loader) {
                    if (provider.schemes().contains(scheme)) {
                        return Optional.of(provider);
                    }
                }
            }
            return Optional.empty();
        } catch (ServiceConfigurationError e) {
            throw new LockstepException(
                    LockstepException.Kind.RECIPE,
                    "a storage module on the class path cannot be loaded: " + e.getMessage(),
                    "",
                    "add all of its jars, or remove it from the class path",
                    e);
        }
    }
}
