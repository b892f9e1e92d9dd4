package dev.lockstep.evidence.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Tools of the JDK that runs the scenarios. */
public final class Jdk {
    private Jdk() {}

    public static String tool(String name) {
        return Path.of(System.getProperty("java.home"), "bin", name).toString();
    }

    /** The output of a jcmd command for a JVM; empty if it fails. */
    public static String jcmd(Member jvm, String... command) {
        String[] line = new String[command.length + 2];
        line[0] = tool("jcmd");
        line[1] = Long.toString(jvm.pid());
        System.arraycopy(command, 0, line, 2, command.length);
        try {
            Process process = new ProcessBuilder(line)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
