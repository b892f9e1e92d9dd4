package dev.lockstep.cli;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Runs the commands that compute nothing, so that the launcher can archive the classes that they load. Prints nothing. */
final class Rehearsal {
    private Rehearsal() {}

    /** @param arguments a recipe */
    public static void main(String[] arguments) {
        PrintStream nothing = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
        System.setOut(nothing);
        System.setErr(nothing);
        Main.execute("plan", arguments[0]);
        Main.execute();
        Main.execute("--help");
        Main.execute("--version");
        Main.execute("data", "list");
        Main.execute("model", "resnet18");
        Main.execute("completion");
        Main.execute("runs");
        Main.execute("no-such-command");
    }
}
