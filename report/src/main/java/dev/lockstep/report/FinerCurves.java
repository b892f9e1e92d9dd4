package dev.lockstep.report;

import dev.lockstep.metrics.MetricsRange;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;

/**
 * The curves of some steps of some runs, with as many points as a page has for all of them: for one that is zoomed. Made from a
 * run's view while nobody changes it, and read from its file afterward, in any thread.
 */
public final class FinerCurves {
    /**
     * Steps of a run.
     *
     * @param after the last step before them
     * @param last the last of them
     */
    public record Range(long after, long last) {}

    private record Part(String name, Path folder, double perEpoch, Curves.Mark start, Range range) {}

    private final List<Part> parts;

    private FinerCurves(List<Part> parts) {
        this.parts = List.copyOf(parts);
    }

    /** @param ranges of each run, in the same order */
    public static FinerCurves of(List<RunView> runs, List<Range> ranges) {
        return new FinerCurves(java.util.stream.IntStream.range(0, runs.size())
                .mapToObj(i -> part(runs.get(i), ranges.get(i)))
                .toList());
    }

    private static Part part(RunView run, Range range) {
        return new Part(
                run.name(), run.folder(), run.iterationsPerEpoch(), run.curves().before(range.after()), range);
    }

    /** The figures of a page, as JSON, by their ids; the runs are in order, and a run without such steps has no points. */
    public String json() {
        return FigureJson.of(
                StepFigures.of(parts.stream().map(FinerCurves::line).toList()));
    }

    private static StepFigures.Line line(Part part) {
        Curves curves = Curves.from(part.start());
        try {
            MetricsRange.read(part.folder(), part.start().step(), part.range().last(), step -> {
                if (step.step() <= part.range().after()) {
                    curves.skip(step);
                } else {
                    curves.add(step);
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new StepFigures.Line(part.name(), curves, part.perEpoch());
    }
}
