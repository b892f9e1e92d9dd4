package dev.lockstep.study;

import static dev.lockstep.study.Studies.summary;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.metrics.RunResult;
import dev.lockstep.study.StudyFile.Kind;
import dev.lockstep.study.StudyFile.Question;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

final class AnswersTest {
    private final List<RunSummary> runs = new ArrayList<>();

    private void errors(String variant, int minibatch, double... points) {
        for (int s = 0; s < points.length; s++) {
            runs.add(summary(variant, s + 1, minibatch, points[s] / 100, points[s] / 50, points[s] / 100));
        }
    }

    private Answer ask(Kind kind, String variant, double margin, int afterEpoch) {
        List<StudyFile.Variant> variants = runs.stream()
                .map(RunSummary::variant)
                .distinct()
                .filter(name -> !name.equals(variant))
                .map(name -> new StudyFile.Variant(name, "", Map.of(), "", List.of(), List.of()))
                .collect(Collectors.toCollection(ArrayList::new));
        if (!variant.isEmpty()) {
            variants.add(new StudyFile.Variant(variant, "", Map.of(), "", List.of(), List.of()));
        }
        StudyFile study = new StudyFile(
                "s",
                "t",
                "",
                "r",
                Map.of(),
                variants,
                List.of(1L),
                List.of(),
                List.of(new Question(kind, "base", variant, margin, afterEpoch, false)),
                0.05,
                false,
                0);
        return StudyResults.of(study, runs).answers().get(0);
    }

    @Test
    void matches_holdsForCloseNumbers() {
        errors("base", 64, 10.1, 10.2, 10.3);
        errors("large", 1024, 10.2, 10.3, 10.25);
        Answer answer = ask(Kind.MATCHES, "large", 0.5, 0);
        assertThat(answer.verdict()).isEqualTo(Verdict.HOLDS);
        assertThat(answer.difference()).isCloseTo(0.0005, within(1e-9));
        assertThat(answer.low()).isGreaterThan(-0.005);
        assertThat(answer.high()).isLessThan(0.005);
        assertThat(answer.claim()).isEqualTo("The error of “large” matches that of “base” within 0.5 points");
        assertThat(answer.reason())
                .startsWith("difference +0.05 points, 90 % interval ")
                .contains(", p = 0.0");
    }

    @Test
    void matches_doesNotHoldForDistantNumbers() {
        errors("base", 64, 10.1, 10.2, 10.3);
        errors("large", 1024, 12.2, 12.3, 12.25);
        assertThat(ask(Kind.MATCHES, "large", 0.5, 0).verdict()).isEqualTo(Verdict.DOES_NOT_HOLD);
    }

    @Test
    void matches_ofAWideSpread_asksForSeeds() {
        errors("base", 64, 9.5, 10.2, 10.9);
        errors("large", 1024, 9.8, 10.3, 11.0);
        Answer answer = ask(Kind.MATCHES, "large", 0.5, 0);
        assertThat(answer.verdict()).isEqualTo(Verdict.NOT_ENOUGH_SEEDS);
        assertThat(answer.reason()).containsPattern("about [0-9]+ seeds would be needed");
    }

    @Test
    void anyQuestion_withOneSeed_isNotAnswered() {
        errors("base", 64, 10.1);
        errors("large", 1024, 50);
        for (Kind kind : Kind.values()) {
            Answer answer = ask(kind, "large", 0.5, 0);
            assertThat(answer.verdict()).as("%s", kind).isEqualTo(Verdict.NOT_ENOUGH_SEEDS);
            assertThat(answer.p()).isNaN();
        }
    }

    @Test
    void anyQuestion_withoutRuns_isNotAnswered() {
        errors("base", 64, 10.1, 10.2);
        errors("large", 1024, 10, 11);
        runs.removeIf(run -> run.variant().equals("large"));
        runs.add(summary("other", 1, 64, 0.1));
        for (Kind kind : List.of(Kind.MATCHES, Kind.WORSE_THAN, Kind.CURVES_COINCIDE)) {
            assertThat(ask(kind, "large", 0.5, 0).verdict()).isEqualTo(Verdict.NOT_ENOUGH_SEEDS);
        }
    }

    @Test
    void worseThan_isShownDeniedOrLeftOpen() {
        errors("base", 64, 10.1, 10.2, 10.3);
        errors("bad", 1024, 12.2, 12.8, 13.1);
        errors("better", 1024, 9.1, 9.2, 9.3);
        errors("alike", 1024, 10.1, 10.25, 10.3);
        assertThat(ask(Kind.WORSE_THAN, "bad", 0, 0).verdict()).isEqualTo(Verdict.HOLDS);
        assertThat(ask(Kind.WORSE_THAN, "better", 0, 0).verdict()).isEqualTo(Verdict.DOES_NOT_HOLD);
        assertThat(ask(Kind.WORSE_THAN, "alike", 0, 0).verdict()).isEqualTo(Verdict.NOT_ENOUGH_SEEDS);
        assertThat(ask(Kind.WORSE_THAN, "alike", 0.5, 0).verdict()).isEqualTo(Verdict.DOES_NOT_HOLD);
    }

    @Test
    void identicalSeeds_areNotTestable() {
        errors("base", 64, 10, 10);
        errors("large", 1024, 50, 50);
        Answer answer = ask(Kind.WORSE_THAN, "large", 0, 0);
        assertThat(answer.verdict()).isEqualTo(Verdict.NOT_ENOUGH_SEEDS);
        assertThat(answer.reason()).contains("give identical results");
    }

    @Test
    void curvesCoincide_looksOnlyAfterTheEpoch() {
        for (int s = 1; s <= 3; s++) {
            double e = 1e-4 * s;
            runs.add(summary("base", s, 64, 0.1, 0.5, 0.2 + e, 0.1 - e));
            runs.add(summary("large", s, 64, 0.1, 0.9, 0.203 + 2 * e, 0.097 + e));
        }
        Answer answer = ask(Kind.CURVES_COINCIDE, "large", 1, 1);
        assertThat(answer.verdict()).isEqualTo(Verdict.HOLDS);
        assertThat(answer.difference()).isBetween(0.0027, 0.0033);
        assertThat(ask(Kind.CURVES_COINCIDE, "large", 1, 0).verdict()).isEqualTo(Verdict.DOES_NOT_HOLD);
    }

    /** Epochs that neither variant has must not count as epochs in which the two agree. */
    @Test
    void curvesCoincide_doesNotDependOnALongerVariant() {
        for (int s = 1; s <= 3; s++) {
            double e = 1e-4 * s;
            runs.add(summary("base", s, 64, 0.1, 0.5, 0.2 + e, 0.1 - e));
            runs.add(summary("large", s, 64, 0.1, 0.5, 0.23 + 2 * e, 0.13 + e));
        }
        Answer alone = ask(Kind.CURVES_COINCIDE, "large", 1, 1);
        assertThat(alone.verdict()).isEqualTo(Verdict.DOES_NOT_HOLD);
        double[] longer = new double[90];
        Arrays.fill(longer, 0.1);
        runs.add(summary("b", 1, 64, 0.1, longer));
        assertThat(ask(Kind.CURVES_COINCIDE, "large", 1, 1)).isEqualTo(alone);
    }

    @Test
    void answer_onlyReusedRuns_saysSo() {
        errors("base", 64, 10.1, 10.2, 10.3);
        errors("large", 512, 10.1, 10.2, 10.3);
        runs.replaceAll(run -> reused(run, "base", "table1"));
        assertThat(ask(Kind.MATCHES, "large", 0.5, 0).reason()).doesNotContain("were made earlier");
        runs.replaceAll(run -> reused(run, "large", "figure1"));
        assertThat(ask(Kind.MATCHES, "large", 0.5, 0).reason())
                .endsWith("; all its runs were made earlier, by table1, figure1");
    }

    private static RunSummary reused(RunSummary run, String variant, String from) {
        return run.variant().equals(variant)
                ? new RunSummary(
                        run.variant(),
                        run.seed(),
                        run.recipeSha256(),
                        run.datasetFingerprint(),
                        from,
                        run.minibatch(),
                        run.learningRate(),
                        run.status(),
                        run.weightsSha256(),
                        run.error(),
                        run.trainingErrors(),
                        run.validationErrors())
                : run;
    }

    @Test
    void divergedRuns_countAsWholeErrorAndAreNamed() {
        errors("base", 64, 10.1, 10.2, 10.3);
        for (int s = 1; s <= 3; s++) {
            runs.add(new RunSummary(
                    "large", s, "", "", "", 1024, 3.2, RunResult.Status.DIVERGED, "", 1, List.of(0.8), List.of(0.9)));
        }
        Answer answer = ask(Kind.WORSE_THAN, "large", 0, 0);
        assertThat(answer.verdict()).isEqualTo(Verdict.HOLDS);
        assertThat(answer.reason()).contains("; diverged runs (counted as 100 % error): 3 of “large”");
        assertThat(ask(Kind.CURVES_COINCIDE, "large", 1, 0).verdict()).isEqualTo(Verdict.DOES_NOT_HOLD);
    }

    @Test
    void elbow_isLocatedBetweenTheLastMatchAndTheFirstWorse() {
        errors("base", 64, 10.1, 10.2, 10.3);
        errors("b", 4096, 20, 20.4, 21);
        errors("c", 512, 10.2, 10.3, 10.25);
        errors("d", 1024, 10.0, 10.7, 11.4);
        errors("e", 2048, 13, 13.3, 13.2);
        Answer answer = ask(Kind.ELBOW, "", 0.5, 0);
        assertThat(answer.verdict()).isEqualTo(Verdict.HOLDS);
        assertThat(answer.reason())
                .startsWith(
                        "matches up to kn = 512, worse at kn = 2048, 4096: the elbow lies between 512 and 2048, p = 0.0");
    }

    @Test
    void elbow_isFoundAlthoughTheLargestScatter() {
        errors("base", 64, 10.1, 10.2, 10.3);
        errors("b", 512, 10.2, 10.3, 10.25);
        errors("c", 2048, 13, 13.3, 13.2);
        errors("d", 8192, 20, 83, 30);
        assertThat(ask(Kind.ELBOW, "", 0.5, 0).verdict()).isEqualTo(Verdict.HOLDS);
    }

    @Test
    void elbow_withAMatchBeyondTheWorse_isNotClaimed() {
        errors("base", 64, 10.1, 10.2, 10.3);
        errors("b", 512, 10.2, 10.3, 10.25);
        errors("c", 2048, 13, 13.3, 13.2);
        errors("d", 8192, 10.2, 10.25, 10.3);
        Answer answer = ask(Kind.ELBOW, "", 0.5, 0);
        assertThat(answer.verdict()).isEqualTo(Verdict.DOES_NOT_HOLD);
        assertThat(answer.reason())
                .startsWith("matches up to kn = 512, worse at kn = 2048, p = ")
                .doesNotContain("lies between");
    }

    @Test
    void elbow_ofFlatErrors_doesNotHold() {
        errors("base", 64, 10.1, 10.2, 10.3);
        errors("b", 256, 10.1, 10.2, 10.15);
        errors("c", 512, 10.2, 10.3, 10.25);
        assertThat(ask(Kind.ELBOW, "", 0.5, 0).verdict()).isEqualTo(Verdict.DOES_NOT_HOLD);
    }

    @Test
    void elbow_ofNoise_asksForSeeds() {
        errors("base", 64, 9.1, 10.2, 11.3);
        errors("b", 256, 9.1, 10.2, 11.15);
        errors("c", 512, 9, 13.3, 12.25);
        assertThat(ask(Kind.ELBOW, "", 0.5, 0).verdict()).isEqualTo(Verdict.NOT_ENOUGH_SEEDS);
    }

    @Test
    void elbow_ofDivergedRuns_namesThem() {
        errors("base", 64, 10.1, 10.2, 10.3);
        errors("b", 512, 10.2, 10.3, 10.25);
        errors("c", 2048, 13, 13.3, 13.2);
        errors("d", 8192, 80, 83, 81);
        runs.add(new RunSummary(
                "d", 4, "", "", "", 8192, 3.2, RunResult.Status.DIVERGED, "", 1, List.of(0.8), List.of(0.9)));
        assertThat(ask(Kind.ELBOW, "", 0.5, 0).reason()).endsWith("diverged runs (counted as 100 % error): 1 of “d”");
    }

    @Test
    void seedsHint_neverNamesANumberThatIsThere() {
        errors("base", 64, 10.18, 10.2, 10.22);
        errors("large", 1024, 10.2, 10.9, 11.6);
        Answer answer = ask(Kind.WORSE_THAN, "large", 0, 0);
        assertThat(answer.verdict()).isEqualTo(Verdict.NOT_ENOUGH_SEEDS);
        assertThat(answer.reason()).containsPattern("about ([4-9]|[0-9]{2}) seeds would be needed");
    }

    @Test
    void seedsNeeded_growWithTheSpreadAndShrinkWithTheGap() {
        double variance = 0.003 * 0.003;
        int seeds = SeedsNeeded.toResolve(0.003, variance, variance, 0.05, 2);
        assertThat(seeds).isBetween(5, 9);
        assertThat(SeedsNeeded.toResolve(0.001, variance, variance, 0.05, 2)).isGreaterThan(seeds);
        assertThat(SeedsNeeded.toResolve(0, variance, variance, 0.05, 2)).isZero();
        assertThat(SeedsNeeded.toResolve(1, variance, variance, 0.05, 2)).isEqualTo(2);
    }
}
