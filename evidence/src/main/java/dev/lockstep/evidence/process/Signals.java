package dev.lockstep.evidence.process;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;

/** Sends signals through one running shell: starting a program for each would miss short phases. */
final class Signals implements AutoCloseable {
    private final Process shell;
    private final Writer commands;
    private final BufferedReader answers;

    Signals() {
        try {
            shell = new ProcessBuilder("setsid", "sh")
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        commands = shell.outputWriter(StandardCharsets.UTF_8);
        answers = shell.inputReader(StandardCharsets.UTF_8);
    }

    /** Sends a signal to a process, or with a negative number to a process group. Returns whether there was one. */
    synchronized boolean send(Signal signal, long target) {
        try {
            commands.write("kill -s " + signal + " -- " + target + "; echo $?\n");
            commands.flush();
            return "0".equals(answers.readLine());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public synchronized void close() {
        shell.destroyForcibly();
    }
}
