package dev.lockstep.report;

import dev.lockstep.errors.Printable;
import java.util.List;
import java.util.stream.DoubleStream;

/**
 * A plot, independent of how it is drawn.
 *
 * @param id the base name of its files: letters, digits and hyphens
 * @param caption a sentence below the plot
 * @param logX whether the x axis is logarithmic, for minibatches that are powers of two
 * @param bars whether spreads are drawn as bars at points; otherwise as bands
 * @param top the initial upper end of the y axis, so that the first epochs do not flatten the rest; NaN to show
 *     everything
 */
record Figure(
        String id,
        String title,
        String xLabel,
        String yLabel,
        String caption,
        boolean logX,
        boolean bars,
        double top,
        List<Series> series) {
    private static final int LONGEST_CAPTION = 2000;
    private static final int SHORT_EPOCHS = 10;

    Figure {
        title = Printable.of(title);
        xLabel = Printable.of(xLabel);
        yLabel = Printable.of(yLabel);
        caption = Printable.of(caption, LONGEST_CAPTION);
        series = series.stream().filter(s -> !s.isEmpty()).toList();
    }

    static Figure curves(String id, String title, String yLabel, String caption, double top, List<Series> series) {
        return new Figure(id, title, "epoch", yLabel, caption, false, false, top, series);
    }

    boolean isEmpty() {
        return series.isEmpty();
    }

    /**
     * The largest y after the first tenth of the epochs, plus a margin, so that later differences are readable; NaN for
     * short runs.
     */
    static double topAfterStart(List<Series> series) {
        double last = series.stream()
                .flatMapToDouble(s -> DoubleStream.of(s.x()))
                .max()
                .orElse(0);
        if (last < SHORT_EPOCHS) {
            return Double.NaN;
        }
        double top = Double.NEGATIVE_INFINITY;
        for (Series s : series) {
            for (int i = 0; i < s.x().length; i++) {
                if (s.x()[i] >= Math.max(1.5, last / 10) && s.y()[i] > top) {
                    top = s.y()[i];
                }
            }
        }
        return Double.isFinite(top) ? top * 1.05 : Double.NaN;
    }
}
