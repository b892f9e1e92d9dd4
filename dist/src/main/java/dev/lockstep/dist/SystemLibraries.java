package dev.lockstep.dist;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The shared libraries of this system that some programs and libraries need, with the dynamic loader. */
final class SystemLibraries {
    /** Either {@code libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)} or the loader, {@code /lib64/ld-… (0x…)}. */
    private static final Pattern LINE = Pattern.compile("(?m)^\\s+(?:\\S+ => )?(/\\S+) \\(0x");

    /** What ldd prints before the libraries of each of several files. */
    private static final Pattern HEADING = Pattern.compile("(?m)^(?=/.*:$)");

    /** Needs a screen or a sound card, of which a container has none. */
    private static final Pattern DESKTOP = Pattern.compile("\\b(libX11|libxcb|libasound)\\.so");

    private static final byte[] ELF = {0x7f, 'E', 'L', 'F'};

    private SystemLibraries() {}

    /**
     * The libraries as ldd finds them, at the paths where the loader looks for them. What ldd does not find is in the bundle:
     * Java loads those in the order of their dependencies. Parts of Java and of OpenCV that open windows are not considered.
     *
     * @param bundle whose programs and libraries are examined
     * @param more programs of this system
     */
    static Set<Path> of(Path bundle, Path... more) throws IOException {
        List<String> command = new ArrayList<>(List.of("ldd"));
        try (Stream<Path> files = Files.walk(bundle)) {
            files.filter(Files::isRegularFile)
                    .filter(SystemLibraries::isElf)
                    .forEach(file -> command.add(file.toString()));
        }
        for (Path program : more) {
            command.add(program.toString());
        }
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        Set<Path> found = new TreeSet<>();
        HEADING.splitAsStream(out)
                .filter(file -> !DESKTOP.matcher(file).find())
                .flatMap(file -> LINE.matcher(file).results())
                .map(line -> Path.of(line.group(1)))
                .filter(path -> !path.normalize().startsWith(bundle))
                .forEach(found::add);
        return found;
    }

    private static boolean isElf(Path file) {
        try (var in = Files.newInputStream(file)) {
            return Arrays.equals(in.readNBytes(ELF.length), ELF);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
