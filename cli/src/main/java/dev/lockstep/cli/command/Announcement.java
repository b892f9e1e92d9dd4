package dev.lockstep.cli.command;

import dev.lockstep.checkpoint.CheckpointDirectory;
import dev.lockstep.cli.terminal.Sparkline;
import dev.lockstep.metrics.RunInfo;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.plan.NoiseScale;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.report.RunReport;
import dev.lockstep.text.Format;
import dev.lockstep.text.ShellWords;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The output of a run before its first step and after its last. */
final class Announcement {
    private static final int SPARKS = 30;
    private static final int FEWEST_SPARKS = 3;

    private Announcement() {}

    static List<String> of(RunInfo run) {
        Recipe recipe = run.recipe();
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT,
                "%s: %s on %s, %,d parameters",
                recipe.name(),
                recipe.model().name(),
                recipe.data().dataset(),
                run.parameters()));
        lines.add(String.format(
                Locale.ROOT,
                "minibatch %,d = %d workers × %d images; learning rate %s = %s × %,d / %d; %,d steps in %d epochs",
                recipe.minibatch(),
                recipe.workers(),
                recipe.imagesPerWorker(),
                number(recipe.scaledLearningRate()),
                number(recipe.learningRate().reference()),
                recipe.minibatch(),
                recipe.learningRate().referenceMinibatch(),
                run.totalSteps(),
                recipe.epochs()));
        int dropped = run.droppedPerEpoch();
        if (dropped > 0) {
            lines.add(
                    String.format(Locale.ROOT, "%,d images of each epoch fill no minibatch and are dropped", dropped));
        }
        lines.add(String.format(
                Locale.ROOT,
                "%d process%s × %d lane%s%s",
                run.processes(),
                run.processes() == 1 ? "" : "es",
                run.lanes(),
                run.lanes() == 1 ? "" : "s",
                run.bitwise() ? "" : "; sums agree with those of one process up to rounding, not bitwise"));
        return lines;
    }

    /**
     * @param errors validation errors of this session's epochs, as fractions
     * @param data the data option as it was given
     */
    static String summary(
            Recipe recipe, RunResult result, double noiseScale, List<Double> errors, Path out, List<String> data) {
        String critical = NoiseScale.ofImages(noiseScale).summary(recipe.minibatch());
        String curve = Sparkline.of(errors, SPARKS);
        return String.format(
                Locale.ROOT,
                """
                %s after %,d steps, %d epochs
                validation error %s%s%s
                %s%d process%s × %d lane%s, %s
                %s%sweights %s
                %s %s
                report %s
                %s: %s""",
                result.status().name().toLowerCase(Locale.ROOT),
                result.steps(),
                result.epochs(),
                percent(result.validationTop1Error()),
                result.epochs() > 5
                        ? " (median of the last 5 epochs " + percent(result.medianLast5ValidationTop1Error()) + ")"
                        : "",
                errors.size() < FEWEST_SPARKS ? "" : "  " + curve,
                // A session may only evaluate.
                Double.isNaN(result.imagesPerSecond())
                        ? ""
                        : String.format(Locale.ROOT, "%,.0f images/s on ", result.imagesPerSecond()),
                result.processes(),
                result.processes() == 1 ? "" : "es",
                result.lanes(),
                result.lanes() == 1 ? "" : "s",
                Format.duration(result.seconds()),
                critical.isEmpty() ? "" : critical + "\n",
                badImages(result.badImages()),
                result.weightsSha256(),
                result.status() == RunResult.Status.INTERRUPTED ? "saved" : "run folder",
                result.status() == RunResult.Status.INTERRUPTED
                        ? out.resolve("checkpoints").resolve(CheckpointDirectory.nameOf(result.steps()))
                        : out,
                out.resolve(RunReport.NAME),
                result.status() == RunResult.Status.INTERRUPTED ? "to resume" : "next",
                next(result, out, data));
    }

    private static String next(RunResult result, Path out, List<String> data) {
        if (result.status() != RunResult.Status.INTERRUPTED) {
            return ShellWords.join(List.of("lockstep", "eval", out.toString()));
        }
        List<String> words = new ArrayList<>(
                List.of("lockstep", "train", out.resolve("recipe.yaml").toString()));
        words.addAll(data);
        words.addAll(List.of("--out", out.toString()));
        return ShellWords.join(words);
    }

    private static String badImages(int count) {
        return count == 0
                ? ""
                : String.format(
                        Locale.ROOT,
                        "%,d bad image%s replaced: see \"bad-image\" in metrics.jsonl%n",
                        count,
                        count == 1 ? "" : "s");
    }

    private static String percent(double fraction) {
        return Double.isNaN(fraction) ? "not measured" : Format.error(fraction);
    }

    private static String number(double value) {
        return Float.toString((float) value);
    }
}
