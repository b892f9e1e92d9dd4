package dev.lockstep.report;

import dev.lockstep.report.Curves.Quantity;
import java.util.ArrayList;
import java.util.List;

/** The figures of what is measured in every step. */
final class StepFigures {
    /**
     * The curves of a run.
     *
     * @param perEpoch iterations
     */
    record Line(String name, Curves curves, double perEpoch) {
        static Line of(RunView run) {
            return new Line(run.name(), run.curves(), run.iterationsPerEpoch());
        }
    }

    private StepFigures() {}

    /** @param runs in the order of their colors */
    static List<Figure> of(List<Line> runs) {
        return List.of(
                figure(runs, "loss", "Training loss", "cross-entropy", Quantity.LOSS),
                figure(runs, "learning-rate", "Learning rate", "learning rate η̂", Quantity.LEARNING_RATE),
                figure(runs, "speed", "Speed", "images/s", Quantity.SPEED),
                figure(runs, "noise-scale", "Gradient noise scale", "images", Quantity.NOISE_SCALE));
    }

    private static Figure figure(List<Line> runs, String id, String title, String unit, Quantity quantity) {
        List<Series> series = new ArrayList<>();
        int most = 1;
        for (int i = 0; i < runs.size(); i++) {
            Line run = runs.get(i);
            series.add(run.curves().series(run.name(), i + 1, quantity, run.perEpoch()));
            most = Math.max(most, run.curves().stepsPerPoint());
        }
        String caption = most == 1
                ? "Every step."
                : "Each point is the mean of up to " + most
                        + " steps; the band shows the smallest and the largest. A live page that is zoomed has finer points.";
        return Figure.curves(id, title, unit, caption, Double.NaN, series);
    }
}
