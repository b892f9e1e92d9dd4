package dev.lockstep.evidence.process;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The checkout whose launcher is tested. */
public record Checkout(Path home) {
    /** The checkout of the property {@code lockstep.home}, or the one around the current folder. */
    public static Checkout find() {
        String property = System.getProperty("lockstep.home");
        @Nullable
        Path at = Path.of(property == null ? "" : property).toAbsolutePath().normalize();
        while (at != null && !Files.isExecutable(at.resolve("lockstep"))) {
            at = at.getParent();
        }
        if (at == null) {
            throw new IllegalStateException("no checkout around the current folder, use evidence/run");
        }
        return new Checkout(at);
    }

    public Path launcher() {
        return home.resolve("lockstep");
    }

    public Path recipe(String name) {
        return home.resolve("recipes").resolve(name);
    }

    public Path results() {
        return home.resolve("evidence").resolve("results");
    }
}
