package dev.lockstep.cli.bundle;

import dev.lockstep.errors.LockstepException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.spi.ToolProvider;

/** Makes a Java runtime with the modules that some jars need, using the tools of the JDK that runs this. */
final class JavaRuntime {
    /** Not found by jdeps: the elliptic curves of HTTPS, which are a part of java.base only since Java 22. */
    private static final List<String> BY_NAME = List.of("jdk.crypto.ec");

    private JavaRuntime() {}

    /** Fails unless this JVM belongs to a JDK that can make runtimes, before anything is written. */
    static void requireTools() {
        tool("jdeps");
        tool("jlink");
        if (!Files.isDirectory(home().resolve("jmods"))) {
            throw incomplete("jmods folder");
        }
    }

    /**
     * Makes a runtime.
     *
     * @param jars the class path that it will run
     * @param folder the new runtime; must not exist
     * @return the modules that were asked for; those that they need are there, too
     */
    static List<String> make(Path jars, Path folder) {
        List<String> modules = modules(jars);
        run(
                "jlink",
                "--add-modules",
                String.join(",", modules),
                "--no-header-files",
                "--no-man-pages",
                "--output",
                folder.toString());
        return modules;
    }

    /** The modules whose packages the jars use, as jdeps finds them, and those that are needed by name. */
    private static List<String> modules(Path jars) {
        List<String> arguments = new ArrayList<>(List.of(
                "--ignore-missing-deps",
                "--multi-release",
                "17",
                "--print-module-deps",
                "--module-path",
                jars.toString()));
        String[] files = jars.toFile().list((folder, name) -> name.endsWith(".jar"));
        Arrays.stream(files == null ? new String[0] : files)
                .sorted()
                .map(name -> jars.resolve(name).toString())
                .forEach(arguments::add);
        // Warnings of packages that two jars share come before the list.
        String[] lines = run("jdeps", arguments.toArray(String[]::new)).strip().split("\\R", -1);
        TreeSet<String> modules = new TreeSet<>(List.of(lines[lines.length - 1].split(",", -1)));
        BY_NAME.stream()
                .filter(name -> ModuleLayer.boot().findModule(name).isPresent())
                .forEach(modules::add);
        return List.copyOf(modules);
    }

    private static String run(String name, String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        try {
            if (tool(name).run(new PrintWriter(out), new PrintWriter(err), arguments) == 0) {
                return out.toString();
            }
        } catch (UncheckedIOException e) { // As jdeps has it for a file that is no jar.
            err.write(String.valueOf(e.getMessage()));
        }
        throw LockstepException.recipe(
                name + " failed: "
                        + (err + "\n" + out).strip().lines().findFirst().orElse("no message"),
                "java.home = " + home(),
                "run this command with another JDK, see JAVA_HOME");
    }

    private static ToolProvider tool(String name) {
        return ToolProvider.findFirst(name).orElseThrow(() -> incomplete(name));
    }

    private static LockstepException incomplete(String missing) {
        return LockstepException.recipe(
                "this Java cannot make a runtime: it has no " + missing,
                "java.home = " + home(),
                "set JAVA_HOME to a full JDK 17 or newer (Debian: apt-get install openjdk-17-jdk-headless)");
    }

    private static Path home() {
        return Path.of(System.getProperty("java.home"));
    }
}
