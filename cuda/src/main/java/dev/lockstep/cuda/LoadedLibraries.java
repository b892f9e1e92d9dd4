package dev.lockstep.cuda;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The native libraries that a process has loaded. JavaCPP finds libtorch library by library: with the jars of both builds on the
 * class path it would mix them, and training would run on the CPU without an error.
 *
 * @param files without repetition
 */
record LoadedLibraries(Set<String> files) {
    private static final Pattern TORCH = Pattern.compile("lib(jni)?(torch|c10)(_\\w+)?\\.so.*");

    static LoadedLibraries ofThisProcess() {
        try {
            return parse(Files.readAllLines(Path.of("/proc/self/maps")));
        } catch (IOException e) {
            throw new LockstepException(
                    LockstepException.Kind.WORKER,
                    "cannot list the loaded libraries: " + e.getMessage(),
                    "file = /proc/self/maps",
                    "mount /proc",
                    e);
        }
    }

    /** @param lines of a file such as {@code /proc/self/maps} */
    static LoadedLibraries parse(Collection<String> lines) {
        Set<String> files = new TreeSet<>();
        for (String line : lines) {
            int path = line.indexOf('/');
            if (path >= 0 && line.contains(".so")) {
                files.add(line.substring(path).replace(" (deleted)", ""));
            }
        }
        return new LoadedLibraries(files);
    }

    /** The folders of libtorch's libraries. */
    List<String> torchFolders() {
        return files.stream()
                .map(Path::of)
                .filter(file -> TORCH.matcher(file.getFileName().toString()).matches())
                .map(file -> String.valueOf(file.getParent()))
                .distinct()
                .toList();
    }

    /** Whether a library is loaded, whatever its folder and version. */
    boolean has(String name) {
        return files.stream()
                .anyMatch(file -> Path.of(file).getFileName().toString().startsWith(name + ".so"));
    }
}
