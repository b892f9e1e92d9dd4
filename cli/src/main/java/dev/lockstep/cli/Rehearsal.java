package dev.lockstep.cli;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/**
 * Loads the classes that commands need, so that the launcher can archive them: runs the commands that compute nothing, and
 * if asked loads those of training without running it, because native libraries may not be unpacked yet. Prints nothing.
 */
final class Rehearsal {
    /** The beginnings of the names of the jars whose classes training loads by the hundred. */
    private static final List<String> LARGE = List.of("lockstep-", "javacpp-", "pytorch-", "opencv-", "jackson-");

    private static final String CLASS = ".class";

    private Rehearsal() {}

    /** @param arguments {@code quick} or {@code all}, and a recipe */
    public static void main(String[] arguments) throws IOException {
        PrintStream nothing = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
        System.setOut(nothing);
        System.setErr(nothing);
        Main.execute("plan", arguments[1]);
        Main.execute();
        Main.execute("--help");
        Main.execute("--version");
        Main.execute("data", "list");
        Main.execute("model", "resnet18");
        Main.execute("completion");
        Main.execute("runs");
        Main.execute("no-such-command");
        if (arguments[0].equals("all")) {
            for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
                String name = String.valueOf(Path.of(entry).getFileName());
                if (name.endsWith(".jar") && LARGE.stream().anyMatch(name::startsWith)) {
                    loadAll(entry);
                }
            }
        }
    }

    private static void loadAll(String jar) throws IOException {
        try (JarFile file = new JarFile(jar)) {
            for (JarEntry entry : Collections.list(file.entries())) {
                String name = entry.getName();
                if (name.endsWith(CLASS) && !name.startsWith("META-INF/")) {
                    load(name.substring(0, name.length() - CLASS.length()).replace('/', '.'));
                }
            }
        }
    }

    /** Does not run its initializer, which may load native libraries. */
    private static void load(String name) {
        try {
            Class.forName(name, false, Rehearsal.class.getClassLoader());
        } catch (ClassNotFoundException | LinkageError e) {
            // Its optional dependency is missing; then no command uses it.
        }
    }
}
