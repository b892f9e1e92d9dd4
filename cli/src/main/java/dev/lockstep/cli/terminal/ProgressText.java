package dev.lockstep.cli.terminal;

import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.StepMetrics;
import dev.lockstep.text.Format;
import java.util.List;
import java.util.Locale;

/** Progress as text, independent of where it is shown. */
public final class ProgressText {
    private static final int BAR = 20;
    private static final int NARROW_BAR = 6;
    private static final int SPARKS = 16;
    private static final String EIGHTHS = " ▏▎▍▌▋▊▉";

    private ProgressText() {}

    /**
     * One line of a bar that fits and fills a width: epoch, its completed part, remaining time and loss; as far as there is
     * place also the training error, the speed, the learning rate and the curve of the loss.
     *
     * @param losses of the last steps, smoothed
     */
    static String bar(Pace pace, StepMetrics last, List<Double> losses, int columns) {
        String left = Format.clock(pace.secondsLeft()) + " left";
        String loss = String.format(Locale.ROOT, "loss %.4f", last.loss());
        String error = "error " + Format.error(last.top1Error());
        String rate = String.format(Locale.ROOT, "%,.0f images/s", pace.imagesPerSecond());
        String learning = "learning rate " + Format.number(last.learningRate());
        String curve = Sparkline.of(losses, SPARKS);
        String wide = position(pace) + " ";
        String narrow = position(pace, NARROW_BAR) + " ";
        List<String> richestFirst = List.of(
                wide + String.join(", ", left, loss, error, rate, learning) + "  " + curve,
                wide + String.join(", ", left, loss, error, rate) + "  " + curve,
                wide + String.join(", ", left, loss, error, rate),
                narrow + String.join(", ", left, loss, error, rate),
                narrow + String.join(", ", left, loss, error),
                narrow + String.join(", ", left, loss),
                String.join(", ", left, loss));
        return fitting(richestFirst, columns);
    }

    /** The bar while an epoch's evaluation runs. */
    static String evaluating(Pace pace, int columns) {
        String left = Format.clock(pace.secondsLeft()) + " left, evaluating …";
        return fitting(List.of(position(pace) + " " + left, position(pace, NARROW_BAR) + " " + left, left), columns);
    }

    private static String fitting(List<String> richestFirst, int columns) {
        String text = richestFirst.stream()
                .filter(candidate -> candidate.length() <= columns)
                .findFirst()
                .orElse(richestFirst.get(richestFirst.size() - 1));
        return filled(text, columns);
    }

    /** Cut or padded, so that nothing of the line before stays visible. */
    static String filled(String text, int columns) {
        return text.length() <= columns ? text + " ".repeat(columns - text.length()) : text.substring(0, columns);
    }

    /** The epoch and its completed part. */
    static String position(Pace pace) {
        return position(pace, BAR);
    }

    private static String position(Pace pace, int width) {
        return String.format(
                Locale.ROOT,
                "epoch %d/%d %3.0f%% %s",
                pace.epochNumber(),
                pace.epochs(),
                Math.floor(100 * pace.epochFraction()),
                blocks(pace.epochFraction(), width));
    }

    /** The same for a log. */
    static String line(Pace pace, StepMetrics last) {
        return String.format(
                Locale.ROOT,
                "epoch %d/%d, step %d of %d: %s",
                pace.epochNumber(),
                pace.epochs(),
                pace.step(),
                pace.totalSteps(),
                numbers(pace, last));
    }

    private static String numbers(Pace pace, StepMetrics last) {
        return String.format(
                Locale.ROOT,
                "%,.0f images/s, loss %.4f, learning rate %s, %s left",
                pace.imagesPerSecond(),
                last.loss(),
                Format.number(last.learningRate()),
                Format.clock(pace.secondsLeft()));
    }

    static String epoch(Pace pace, EpochMetrics epoch) {
        return String.format(
                Locale.ROOT,
                "epoch %d/%d: training error %s, loss %.4f; validation error %s, loss %.4f; %s",
                epoch.epoch() + 1,
                pace.epochs(),
                Format.error(epoch.trainTop1Error()),
                epoch.trainLoss(),
                Format.error(epoch.validationTop1Error()),
                epoch.validationLoss(),
                Format.clock(epoch.seconds()));
    }

    static String blocks(double fraction) {
        return blocks(fraction, BAR);
    }

    private static String blocks(double fraction, int width) {
        int eighths = (int) Math.floor(fraction * width * 8);
        StringBuilder text = new StringBuilder("│");
        for (int i = 0; i < width; i++) {
            int fill = Math.min(8, Math.max(0, eighths - i * 8));
            text.append(fill == 8 ? '█' : EIGHTHS.charAt(fill));
        }
        return text.append('│').toString();
    }
}
