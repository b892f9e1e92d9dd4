package dev.lockstep.samples;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.RunInfo;
import dev.lockstep.metrics.RunListener;
import dev.lockstep.metrics.RunListenerFactory;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A custom listener: writes a line with step and loss for each step to {@code losses.csv} in the run folder. Every run
 * has it, because {@code META-INF/services/dev.lockstep.metrics.RunListenerFactory} beside this class names the factory.
 */
public final class LossCurve implements RunListener {
    /** Rank 0 writes the file. */
    public static final class Factory implements RunListenerFactory {
        @Override
        public Optional<RunListener> open(RunInfo run, Consumer<String> notices) {
            if (run.rank() > 0) {
                return Optional.empty();
            }
            Path file = run.folder().resolve("losses.csv");
            try {
                return Optional.of(new LossCurve(file, run.step()));
            } catch (IOException e) {
                throw LockstepException.recipe("losses cannot be written: " + e, "file = " + file, "make it writable");
            }
        }
    }

    private final BufferedWriter out;

    private LossCurve(Path file, long step) throws IOException {
        List<String> kept = List.of();
        if (Files.exists(file)) {
            // The steps after the checkpoint are computed and reported again.
            try (Stream<String> lines = Files.lines(file)) {
                kept = lines.limit(step).toList();
            }
        }
        Files.write(file, kept);
        out = Files.newBufferedWriter(file, StandardOpenOption.APPEND);
    }

    @Override
    public void on(Event event) {
        if (event instanceof Event.Step step) {
            attempt(() -> out.write(step.metrics().step() + "," + step.metrics().loss() + "\n"));
        }
    }

    @Override
    public void flush() {
        attempt(out::flush);
    }

    @Override
    public void close() {
        attempt(out::close);
    }

    private interface Writing {
        void run() throws IOException;
    }

    /** The run reports an exception as a notice and continues. */
    private static void attempt(Writing writing) {
        try {
            writing.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
