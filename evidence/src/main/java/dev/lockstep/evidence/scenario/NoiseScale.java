package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Stage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The gradient noise scale does not depend on k: 61,440 images at (nearly) constant weights, measured with 8 and with 64
 * workers, at two points of training.
 */
final class NoiseScale {
    private static final double LARGEST_FACTOR = 1.5;
    private static final Pattern SCALE = Pattern.compile("\"noise_scale\":([0-9.]+)");

    private NoiseScale() {}

    static void play(Stage stage, Settings settings) throws Exception {
        RunFolder run = stage.run("run");
        stage.require(
                stage.train(
                        "fashion-mnist.yaml", run, "--checkpoint-every", "80", "--keep", "100", "--stop-after", "702"),
                "run.log");
        for (int step : new int[] {80, 702}) {
            stage.check("after " + step + " steps", "a factor of 1.5 at most", claims -> {
                double few = measure(stage, run.checkpoint(step), 8);
                double many = measure(stage, run.checkpoint(step), 64);
                double factor = Math.max(few, many) / Math.min(few, many);
                claims.figure("k = 8, images", Math.round(few));
                claims.figure("k = 64, images", Math.round(many));
                claims.figure("factor", String.format(Locale.ROOT, "%.2f", factor));
                claims.claim(factor <= LARGEST_FACTOR, "factor " + factor);
            });
        }
    }

    private static double measure(Stage stage, Path weights, int workers) throws IOException, InterruptedException {
        RunFolder out = stage.run("at-" + weights.getFileName() + "-" + workers);
        stage.require(
                stage.train(
                        "fashion-mnist.yaml",
                        out,
                        "--weights",
                        weights.toString(),
                        "--set",
                        "workers=" + workers,
                        "--set",
                        "learning-rate.reference=0.00000001",
                        "--stop-after",
                        Integer.toString(1920 / workers)),
                out.path().getFileName() + ".log");
        Matcher scale = SCALE.matcher(out.metrics().lastLine());
        if (!scale.find()) {
            throw new IllegalStateException("no noise scale in the last line of the metrics");
        }
        return Double.parseDouble(scale.group(1));
    }
}
