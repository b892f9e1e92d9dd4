package dev.lockstep.cli.doctor;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.text.Json;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The output of {@link NativeProbe}.
 *
 * @param facts empty when there were none
 * @param failure why there were none, in one line; empty on success
 */
record NativeReport(NativeFacts facts, String failure) {
    /** Unpacking takes a few seconds, but much longer on a slow disk. */
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    /** Runs the probe in a JVM like this one. */
    static NativeReport ofThisJvm() {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> !argument.startsWith("-agent") && !argument.startsWith("-javaagent"))
                .forEach(command::add);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), NativeProbe.class.getName()));
        return of(command, PATIENCE);
    }

    /** Runs a command that prints one line of JSON. */
    static NativeReport of(List<String> command, Duration patience) {
        try {
            // A JVM that crashes writes its error log to its working folder.
            Path folder = Files.createTempDirectory("lockstep-doctor-");
            try {
                return run(command, patience, folder);
            } finally {
                DurableFiles.deleteFolder(folder);
            }
        } catch (IOException e) {
            return failed("cannot start the probe: " + e.getMessage());
        }
    }

    private static NativeReport run(List<String> command, Duration patience, Path folder) throws IOException {
        File out = folder.resolve("out").toFile();
        File err = folder.resolve("err").toFile();
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectInput(new File("/dev/null"))
                .redirectOutput(out)
                .redirectError(err)
                .start();
        try {
            if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                return failed("still loading after " + patience.toSeconds() + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return failed("interrupted");
        } finally {
            process.destroyForcibly();
        }
        return process.exitValue() == 0
                ? parse(Files.readString(out.toPath()))
                : failed(reason(process.exitValue(), Files.readString(err.toPath())));
    }

    private static NativeReport parse(String out) {
        try {
            return new NativeReport(Json.SNAKE_CASE.readValue(lastLine(out), NativeFacts.class), "");
        } catch (JsonProcessingException e) {
            return failed("the probe printed: " + lastLine(out));
        }
    }

    private static String reason(int exitCode, String err) {
        String ended = exitCode > 128
                ? "the process was ended by signal " + (exitCode - 128)
                : "the process ended with exit code " + exitCode;
        return err.isBlank() ? ended : ended + ": " + lastLine(err);
    }

    private static String lastLine(String text) {
        return text.strip().lines().reduce("", (before, line) -> line).strip();
    }

    private static NativeReport failed(String why) {
        return new NativeReport(NativeFacts.NONE, why);
    }
}
