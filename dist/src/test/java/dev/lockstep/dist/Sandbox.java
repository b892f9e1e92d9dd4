package dev.lockstep.dist;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Runs programs with nothing but what they are given: an empty environment and, for root, an unprivileged user without a
 * home and a network namespace without a network.
 */
final class Sandbox {
    static final boolean ROOT = "root".equals(System.getProperty("user.name"));

    private static final String NOBODY = "65534";
    /** Small images, so that a step takes milliseconds. */
    private static final List<String> OPTIONS = List.of(
            "--stop-after", "3", "--set", "data.dataset=synthetic:images=512,validation=64,shape=1x8x8,classes=10");

    record Result(int exitCode, String out) {}

    private Sandbox() {}

    /** A folder for the sandbox's user. */
    static Path folder(Path folder) throws Exception {
        Files.createDirectories(folder);
        if (ROOT) {
            run(Map.of(), List.of("chown", NOBODY + ":" + NOBODY, folder.toString()));
        }
        return folder;
    }

    /** The sandbox's user must be able to enter temporary folders. */
    static void open(Path folder) throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    static Result lockstep(Path home, Map<String, String> environment, String... arguments) throws Exception {
        List<String> command = new ArrayList<>();
        if (ROOT) {
            command.addAll(List.of("unshare", "-n", "--", "setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY));
            command.addAll(List.of("--clear-groups", "--"));
        }
        command.addAll(List.of("env", "-i"));
        environment.forEach((name, value) -> command.add(name + "=" + value));
        command.add(home.resolve("bin/lockstep").toString());
        command.addAll(Arrays.asList(arguments));
        return run(Map.of(), command);
    }

    static String[] training(Path home, Path out) {
        List<String> arguments = new ArrayList<>(
                List.of("train", home.resolve("recipes/fashion-mnist.yaml").toString(), "--out", out.toString()));
        arguments.addAll(OPTIONS);
        return arguments.toArray(String[]::new);
    }

    /** The same training by the launcher of the checkout. */
    static String weightsOfTheCheckout(Path out) throws Exception {
        Path home = Path.of("..").toRealPath();
        return weightsOf(home.resolve("lockstep"), out, training(home, out));
    }

    /**
     * An undisturbed training by a launcher. Not with all variables of this process: some choose other kernels, and those
     * compute other bits, such as OPENBLAS_CORETYPE.
     */
    static String weightsOf(Path launcher, Path out, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("env", "-i", "JAVA_HOME=" + System.getProperty("java.home")));
        for (String name : List.of("PATH", "HOME")) {
            command.add(name + "=" + System.getenv(name));
        }
        command.add(launcher.toString());
        command.addAll(List.of(arguments));
        require(command.toArray(String[]::new));
        return weights(out);
    }

    static String weights(Path run) throws IOException {
        String hash = new ObjectMapper()
                .readTree(run.resolve("result.json").toFile())
                .path("weights_sha256")
                .asText();
        assertThat(hash).hasSize(64);
        return hash;
    }

    static Result run(Map<String, String> environment, List<String> command) throws Exception {
        Path out = Files.createTempFile("lockstep-sandbox-", "");
        try {
            ProcessBuilder builder = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectInput(Path.of("/dev/null").toFile())
                    .redirectOutput(out.toFile());
            builder.environment().putAll(environment);
            Process process = builder.start();
            if (!process.waitFor(5, TimeUnit.MINUTES)) {
                process.destroyForcibly();
                throw new IllegalStateException("no end: " + command);
            }
            return new Result(process.exitValue(), Files.readString(out, StandardCharsets.UTF_8));
        } finally {
            Files.delete(out);
        }
    }

    /** Runs a command that must succeed. */
    static void require(String... command) throws Exception {
        Result result = run(Map.of(), List.of(command));
        assertThat(result.exitCode).as(result.out).isZero();
    }
}
