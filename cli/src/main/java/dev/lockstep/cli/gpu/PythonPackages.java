package dev.lockstep.cli.gpu;

import dev.lockstep.natives.CudaLibraries;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The folders of a Python environment in which NVIDIA's wheels put their libraries. */
public final class PythonPackages {
    private static final int PATIENCE_SECONDS = 10;

    private PythonPackages() {}

    /** Those of an active environment, then those of a Python command; none if there is no such command. */
    public static List<Path> of(String python, Map<String, String> environment) throws InterruptedException {
        List<Path> folders = new ArrayList<>();
        for (String variable : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
            path(environment.getOrDefault(variable, "")).forEach(root -> folders.addAll(CudaLibraries.inside(root)));
        }
        for (String line : searchPath(python)) {
            path(line).forEach(packages -> folders.addAll(CudaLibraries.inside(packages.resolve("nvidia"))));
        }
        return folders;
    }

    private static List<String> searchPath(String python) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(python, "-c", "import sys; print(\"\\n\".join(sys.path))")
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            process.getOutputStream().close();
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0
                    ? text.lines().toList()
                    : List.of();
        } catch (IOException e) {
            return List.of();
        }
    }

    private static Stream<Path> path(String text) {
        try {
            return Stream.of(text).filter(each -> !each.isBlank()).map(Path::of).filter(Path::isAbsolute);
        } catch (InvalidPathException e) {
            return Stream.empty();
        }
    }
}
