package dev.lockstep.study;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.recipe.Recipe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class StudiesThatShipTest {
    private static final Path STUDIES = Path.of("..", "studies");

    static List<Path> studies() throws IOException {
        try (Stream<Path> files = Files.list(STUDIES)) {
            return files.filter(file -> file.toString().endsWith(".yaml"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void studies_allExist() throws IOException {
        assertThat(studies())
                .extracting(file -> file.getFileName().toString())
                .contains(
                        "figure1.yaml",
                        "quick.yaml",
                        "remark2.yaml",
                        "remark3.yaml",
                        "table1.yaml",
                        "table2a.yaml",
                        "table2b.yaml");
    }

    @ParameterizedTest
    @MethodSource("studies")
    void study_keepsImagesPerWorkerAndFitsInAnHourOnTwoCores(Path path) {
        Study study = Study.read(path);
        StudyFile file = study.file();
        assertThat(study.recipes().values()).extracting(Recipe::imagesPerWorker).containsOnly(32);
        assertThat(file.name() + ".yaml").isEqualTo(path.getFileName().toString());
        boolean quick = file.name().equals("quick");
        assertThat(seconds(study)).isPositive().isLessThan(quick ? 150 : 3600);
        assertThat(file.seeds()).hasSizeGreaterThanOrEqualTo(quick ? 1 : 3);
        assertThat(file.questions()).isNotEmpty();
    }

    /** With two runs in parallel: each run goes to the core that is free first. */
    private static double seconds(Study study) {
        double[] cores = new double[2];
        for (StudyRun run : study.grid(Path.of("out"))) {
            java.util.Arrays.sort(cores);
            cores[0] += run.recipe().epochs() * study.file().secondsPerEpoch();
        }
        return Math.max(cores[0], cores[1]);
    }

    /** The sum over k workers of mean gradients is k times the mean over kn: the same rate for w, k times too large. */
    @Test
    void remark3_expressesSumsOfMeansAsRatesAndDecay() {
        Study study = Study.read(STUDIES.resolve("remark3.yaml"));
        for (int k : new int[] {8, 32}) {
            Recipe mean = study.recipe("mean-" + k);
            Recipe sum = study.recipe("sum-" + k);
            assertThat(mean.workers()).isEqualTo(k);
            for (long iteration : new long[] {0, 10, 500, 5_000}) {
                assertThat(sum.schedule(100).at(iteration))
                        .isCloseTo(
                                k * mean.schedule(100).at(iteration),
                                org.assertj.core.data.Percentage.withPercentage(1e-9));
            }
            assertThat(sum.optimizer().weightDecay() * k)
                    .isEqualTo(mean.optimizer().weightDecay());
        }
        // Someone sums 8 means and forgets to scale: the unscaled rate for n = 32 images times 8, without warmup.
        Recipe accident = study.recipe("accident");
        Recipe sum = study.recipe("sum-8");
        assertThat(accident.schedule(100).at(0)).isEqualTo(8 * 0.0125);
        assertThat(accident.optimizer().weightDecay()).isEqualTo(sum.optimizer().weightDecay());
    }
}
