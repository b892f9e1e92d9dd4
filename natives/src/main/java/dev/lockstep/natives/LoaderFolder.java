package dev.lockstep.natives;

import dev.lockstep.errors.LockstepException;
import java.io.File;
import java.lang.reflect.Field;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;

/** The folder in which JavaCPP looks for unpacked libraries. JavaCPP chooses it when it loads its first library. */
final class LoaderFolder {
    static final String PROPERTY = "org.bytedeco.javacpp.cachedir";

    private LoaderFolder() {}

    /** The folder set by the user or the program. JavaCPP reads both spellings of the property. */
    static Optional<Path> configured(Properties properties) {
        return Stream.of(PROPERTY, "org.bytedeco.javacpp.cacheDir")
                .map(name -> properties.getProperty(name, ""))
                .filter(value -> !value.isEmpty())
                .map(value -> Path.of(value).toAbsolutePath())
                .findFirst();
    }

    /**
     * The folder that JavaCPP has chosen; empty when it has loaded no library yet, or when the field cannot be read.
     */
    static Optional<Path> inUse() {
        try {
            return Optional.ofNullable((File) field().get(null)).map(File::toPath);
        } catch (ReflectiveOperationException | RuntimeException e) {
            return Optional.empty();
        }
    }

    /**
     * Makes JavaCPP use a folder. JavaCPP skips a read-only folder in favor of one in the home or the temporary folder,
     * where another user may have put a library; this sets JavaCPP's private field instead.
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
                        "JavaCPP cannot use a read-only cache: " + e.getMessage(),
                        "folder = " + folder,
                        "set " + UserCache.VARIABLE + " to a writable folder",
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
