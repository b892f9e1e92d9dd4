package dev.lockstep.cli.command;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * The arguments of a run that the launcher may have to restart. The user's {@code --resume} applies until the run
 * has written a checkpoint; after that, a restart resumes from it, since it would otherwise discard progress.
 */
final class RestartArguments implements Supplier<List<String>> {
    private static final String RESUME = "--resume";

    private final List<String> arguments;
    private final Path checkpoints;
    private final Map<String, Long> before;

    private RestartArguments(List<String> arguments, Path checkpoints) {
        this.arguments = List.copyOf(arguments);
        this.checkpoints = checkpoints;
        this.before = files(checkpoints);
    }

    /** Create it before the first start: it records the existing checkpoints. */
    static RestartArguments of(List<String> arguments, Path checkpoints) {
        return new RestartArguments(arguments, checkpoints);
    }

    @Override
    public List<String> get() {
        return before.entrySet().containsAll(files(checkpoints).entrySet()) ? arguments : withoutResume();
    }

    /** Checkpoints by name, with the times at which they were written. */
    private static Map<String, Long> files(Path checkpoints) {
        Map<String, Long> files = new HashMap<>();
        if (Files.isDirectory(checkpoints)) {
            try (Stream<Path> entries = Files.list(checkpoints)) {
                for (Path file : entries.filter(path -> path.toString().endsWith(".safetensors"))
                        .toList()) {
                    try {
                        files.put(
                                file.getFileName().toString(),
                                Files.getLastModifiedTime(file).toMillis());
                    } catch (NoSuchFileException e) {
                        // In an elastic run, rank 0 deletes old checkpoints meanwhile.
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return files;
    }

    private List<String> withoutResume() {
        List<String> kept = new ArrayList<>();
        for (int i = 0; i < arguments.size(); i++) {
            String argument = arguments.get(i);
            if (argument.equals(RESUME)) {
                i++;
            } else if (!argument.startsWith(RESUME + "=")) {
                kept.add(argument);
            }
        }
        return kept;
    }
}
