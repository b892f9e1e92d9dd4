package dev.lockstep.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.RunInfo;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class TuneHintTest {
    private static final Recipe RECIPE = RecipeFile.parse("""
            name: digits
            epochs: 9
            workers: 8
            data: {dataset: imagefolder, image-size: 28}
            model: {name: resnet8}
            """, "test", Map.of());

    /** @param errors of the epochs, in percent */
    private static List<String> hints(Recipe recipe, int perEpoch, double... errors) {
        List<String> notices = new ArrayList<>();
        RunInfo run = new RunInfo(Path.of("run"), recipe, List.of(), 0, 1, true, 1, 1, perEpoch, 0, 0);
        TuneHint hint = new TuneHint(run, 10, "lockstep tune digits.yaml --data digits", notices::add);
        for (int i = 0; i < errors.length; i++) {
            hint.on(new Event.Epoch(
                    new EpochMetrics(i, (i + 1L) * perEpoch, 2, errors[i] / 100, 0.5, Double.NaN, 2, 1)));
        }
        return notices;
    }

    @Test
    void run_thatLearnsLittle_isToldOnce() {
        assertThat(hints(RECIPE, 39, 86, 77, 76, 75))
                .containsExactly("hint: the network has learned little (guessing is wrong in 90.00 %): "
                        + "'lockstep tune digits.yaml --data digits' looks for a better learning rate");
    }

    @Test
    void run_thatLearns_isNotDisturbed() {
        assertThat(hints(RECIPE, 39, 86, 60, 30)).isEmpty();
        assertThat(hints(RECIPE, 39, 86)).as("after one epoch").isEmpty();
        assertThat(hints(RECIPE, 3, 86, 86, 86)).as("after 9 iterations").isEmpty();
    }

    /** The rate is still rising, and the network may not have learned much yet. */
    @Test
    void run_inItsWarmup_isNotDisturbed() {
        Recipe large = RECIPE.withWorkers(64);
        assertThat(hints(large, 39, 86, 86, 86, 86, 86)).isEmpty();
        assertThat(hints(large, 39, 86, 86, 86, 86, 86, 86)).hasSize(1);
        assertThat(hints(large.with(Map.of("learning-rate.warmup.kind", "none")), 39, 86, 86))
                .hasSize(1);
    }
}
