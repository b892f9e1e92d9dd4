package dev.lockstep.natives;

import dev.lockstep.errors.LockstepException;
import java.io.File;
import java.lang.reflect.Field;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;

/** The folder in which JavaCPP looks for unpacked libraries. It chooses one when it loads its first library, and keeps it. */
final class LoaderFolder {
    static final String PROPERTY = "org.bytedeco.javacpp.cachedir";

    private LoaderFolder() {}

    /** The one that the user, or a program, has set; JavaCPP reads both spellings. */
    static Optional<Path> configured(Properties properties) {
        return Stream.of(PROPERTY, "org.bytedeco.javacpp.cacheDir")
                .map(name -> properties.getProperty(name, ""))
                .filter(value -> !value.isEmpty())
                .map(value -> Path.of(value).toAbsolutePath())
                .findFirst();
    }

    /** The one that JavaCPP has chosen; empty as long as it has loaded no library, or does not tell. */
    static Optional<Path> inUse() {
        try {
            return Optional.ofNullable((File) field().get(null)).map(File::toPath);
        } catch (ReflectiveOperationException | RuntimeException e) {
            return Optional.empty();
        }
    }

    /**
     * Makes JavaCPP use a folder. It passes over one that it may not write to, for one in the home or in the temporary
     * folder, where another user may have put a library: then the choice is made for it.
     */
    static void use(Path folder) {
        System.setProperty(PROPERTY, folder.toString());
        File file = folder.toFile();
        if (!(file.canRead() && file.canWrite() && file.canExecute())) {
            try {
                field().set(null, file);
            } catch (ReflectiveOperationException | RuntimeException e) {
                throw new LockstepException(
                        LockstepException.Kind.RECIPE,
                        "JavaCPP does not take a cache that is not writable: " + e.getMessage(),
                        "folder = " + folder,
                        "set " + UserCache.VARIABLE + " to a folder that is",
                        e);
            }
        }
    }

    private static Field field() throws NoSuchFieldException {
        Field field = Loader.class.getDeclaredField("cacheDir");
        field.setAccessible(true);
        return field;
    }
}
