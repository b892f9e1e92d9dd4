package dev.lockstep.cli.terminal;

import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.StepMetrics;
import dev.lockstep.text.Format;
import java.util.Locale;

/** Progress as text, independent of where it is shown. */
public final class ProgressText {
    private static final int BAR = 20;
    private static final String EIGHTHS = " ▏▎▍▌▋▊▉";

    private ProgressText() {}

    /** One line of a bar: epoch, its completed part, speed, loss, rate and remaining time. */
    static String bar(Pace pace, StepMetrics last) {
        return position(pace) + " " + numbers(pace, last);
    }

    /** The epoch and its completed part. */
    static String position(Pace pace) {
        return String.format(
                Locale.ROOT,
                "epoch %d/%d %3.0f%% %s",
                pace.epochNumber(),
                pace.epochs(),
                Math.floor(100 * pace.epochFraction()),
                blocks(pace.epochFraction()));
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
        int eighths = (int) Math.floor(fraction * BAR * 8);
        StringBuilder text = new StringBuilder("│");
        for (int i = 0; i < BAR; i++) {
            int fill = Math.min(8, Math.max(0, eighths - i * 8));
            text.append(fill == 8 ? '█' : EIGHTHS.charAt(fill));
        }
        return text.append('│').toString();
    }
}
