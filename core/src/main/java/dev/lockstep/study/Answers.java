package dev.lockstep.study;

import dev.lockstep.study.StudyFile.Kind;
import dev.lockstep.study.StudyFile.Question;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * Answers a study's questions from the summaries of its runs.
 *
 * <p>Each question gets two tests at the study's level: one can show that the claim holds, the other that it does not.
 * When neither is significant, more seeds are needed: absence of evidence is not evidence of absence.
 *
 * <ul>
 *   <li><i>matches</i>: holds when two one-sided Welch tests (TOST) put the difference within the margin; does not hold
 *       when a test puts it outside.
 *   <li><i>worse than</i>: holds when a one-sided Welch test puts the difference above the margin; does not hold when
 *       such a test puts it below.
 *   <li><i>curves coincide</i>: the same for the {@link CurveDistance} of the training errors.
 *   <li><i>elbow</i>: holds when all variants up to some minibatch match the baseline, a larger one is worse by more
 *       than the margin, and none beyond that one matches; does not hold when the smallest is shown not to match or the
 *       largest not to be worse. See {@link Elbow} for how the level is kept.
 * </ul>
 *
 * The level applies to each question separately; there is no correction for multiple questions.
 */
final class Answers {
    private final List<RunSummary> runs;
    private final StudyFile study;

    Answers(StudyFile study, List<RunSummary> runs) {
        this.study = study;
        this.runs = runs;
    }

    List<Answer> all() {
        return study.questions().stream().map(this::answer).toList();
    }

    private Answer answer(Question question) {
        Answer answer = tested(question);
        return answer.withReason(answer.reason() + laterSeeds(question) + knownBefore(question));
    }

    /** The variants that a question compares. */
    private List<StudyFile.Variant> variants(Question question) {
        return study.variants().stream()
                .filter(variant -> question.kind() == Kind.ELBOW
                        || variant.name().equals(question.variant())
                        || variant.name().equals(question.baseline()))
                .toList();
    }

    /**
     * Notes seeds that were added after results were known: then p is only nominal, not the probability of a false
     * positive.
     */
    private String laterSeeds(Question question) {
        String added = variants(question).stream()
                .filter(variant -> of(variant.name()).stream().anyMatch(this::isLater))
                .map(variant -> study.laterSeedsOf(variant).stream()
                                .map(String::valueOf)
                                .collect(Collectors.joining(", "))
                        + " of “" + variant.label() + "”")
                .collect(Collectors.joining(", "));
        if (added.isEmpty()) {
            return "";
        }
        Answer without =
                new Answers(study, runs.stream().filter(run -> !isLater(run)).toList()).tested(question);
        return "; p is nominal, because seeds were added after the first run: " + added + "; without them: "
                + without.verdict() + (Double.isNaN(without.p()) ? "" : Text.pValue(without.p()));
    }

    private boolean isLater(RunSummary run) {
        return study.variants().stream()
                .anyMatch(variant -> variant.name().equals(run.variant())
                        && study.laterSeedsOf(variant).contains(run.seed()));
    }

    /** Notes a question whose runs were all made by other studies, so that the results could have been known before. */
    private String knownBefore(Question question) {
        List<RunSummary> used = variants(question).stream()
                .flatMap(variant -> of(variant.name()).stream())
                .toList();
        if (used.isEmpty() || used.stream().anyMatch(run -> run.reusedFrom().isEmpty())) {
            return "";
        }
        return "; all its runs were made earlier, by "
                + used.stream().map(RunSummary::reusedFrom).distinct().collect(Collectors.joining(", "));
    }

    private Answer tested(Question question) {
        return switch (question.kind()) {
            case MATCHES, WORSE_THAN -> means(question);
            case CURVES_COINCIDE -> curves(question);
            case ELBOW -> elbow(question);
        };
    }

    private List<RunSummary> of(String variant) {
        return runs.stream().filter(run -> run.variant().equals(variant)).toList();
    }

    private Sample errors(String variant) {
        return new Sample(of(variant).stream().mapToDouble(RunSummary::error).toArray());
    }

    private Answer means(Question question) {
        Sample variant = errors(question.variant());
        Sample baseline = errors(question.baseline());
        Difference difference = Difference.of(variant, baseline);
        double margin = question.marginPoints() / 100;
        boolean matches = question.kind() == Kind.MATCHES;
        if (!difference.isTestable()) {
            return undecided(question, difference.value(), tooFew(variant.size(), baseline.size()));
        }
        double holds = matches ? difference.pWithin(margin) : difference.pAbove(margin);
        double contrary = matches ? difference.pBeyond(margin) : difference.pBelow(margin);
        double half = difference.halfWidth(study.level());
        Verdict verdict = verdict(holds, contrary);
        double gap = Math.abs((matches ? Math.abs(difference.value()) : difference.value()) - margin);
        String reason = Text.difference(difference.value(), half, study.level())
                + Text.pValue(holds)
                + hint(verdict, gap, variant, baseline)
                + diverged(question);
        return new Answer(
                question,
                claim(question),
                verdict,
                difference.value(),
                difference.value() - half,
                difference.value() + half,
                holds,
                reason);
    }

    private Answer curves(Question question) {
        int epochs = Stream.of(question.variant(), question.baseline())
                .flatMap(variant -> of(variant).stream())
                .mapToInt(run -> run.trainingErrors().size())
                .max()
                .orElse(0);
        List<double[]> variant = curves(question.variant(), question.afterEpoch(), epochs);
        List<double[]> baseline = curves(question.baseline(), question.afterEpoch(), epochs);
        if (variant.size() < 2 || baseline.size() < 2 || epochs <= question.afterEpoch()) {
            return undecided(question, Double.NaN, tooFew(variant.size(), baseline.size()));
        }
        CurveDistance curves = CurveDistance.between(variant, baseline);
        Difference distance = curves.distance();
        if (!distance.isTestable()) {
            return undecided(question, distance.value(), tooFew(variant.size(), baseline.size()));
        }
        double margin = question.marginPoints() / 100;
        double holds = curves.pWithin(margin);
        double half = distance.halfWidth(study.level());
        return new Answer(
                question,
                claim(question),
                verdict(holds, curves.pBeyond(margin)),
                distance.value(),
                Math.max(0, distance.value() - curves.noise() - half),
                distance.value() + half,
                holds,
                Text.distance(distance.value(), distance.value() + half, study.level())
                        + Text.pValue(holds)
                        + diverged(question));
    }

    /**
     * The training errors after an epoch, one curve per seed. A diverged run has error 1 from the point of divergence.
     */
    private List<double[]> curves(String variant, int afterEpoch, int epochs) {
        return of(variant).stream()
                .map(run -> DoubleStream.concat(
                                run.trainingErrors().stream().mapToDouble(Double::doubleValue),
                                DoubleStream.generate(() -> 1))
                        .limit(epochs)
                        .skip(afterEpoch)
                        .toArray())
                .toList();
    }

    private Answer elbow(Question question) {
        double margin = question.marginPoints() / 100;
        Sample baseline = errors(question.baseline());
        List<Elbow.Point> points = new ArrayList<>();
        for (StudyFile.Variant variant : study.variants()) {
            List<RunSummary> runs = of(variant.name());
            if (variant.name().equals(question.baseline()) || runs.isEmpty()) {
                continue;
            }
            Difference difference = Difference.of(errors(variant.name()), baseline);
            if (!difference.isTestable()) {
                return undecided(question, Double.NaN, tooFew(runs.size(), baseline.size()));
            }
            points.add(Elbow.Point.of(runs.get(0).minibatch(), difference, margin));
        }
        if (points.isEmpty()) {
            return undecided(question, Double.NaN, tooFew(0, baseline.size()));
        }
        Elbow elbow = Elbow.of(points, study.level());
        return new Answer(
                question,
                claim(question),
                elbow.verdict(),
                Double.NaN,
                Double.NaN,
                Double.NaN,
                elbow.p(),
                Text.elbow(elbow) + Text.pValue(elbow.p()) + diverged(study.variants()));
    }

    private Verdict verdict(double holds, double contrary) {
        if (holds < study.level()) {
            return Verdict.HOLDS;
        }
        return contrary < study.level() ? Verdict.DOES_NOT_HOLD : Verdict.NOT_ENOUGH_SEEDS;
    }

    private Answer undecided(Question question, double difference, String why) {
        return new Answer(
                question,
                claim(question),
                Verdict.NOT_ENOUGH_SEEDS,
                difference,
                Double.NaN,
                Double.NaN,
                Double.NaN,
                why + diverged(question));
    }

    private String diverged(List<StudyFile.Variant> variants) {
        String counts = variants.stream()
                .filter(variant -> of(variant.name()).stream().anyMatch(RunSummary::hasDiverged))
                .map(variant -> of(variant.name()).stream()
                                .filter(RunSummary::hasDiverged)
                                .count()
                        + " of “" + variant.label() + "”")
                .collect(Collectors.joining(", "));
        return counts.isEmpty() ? "" : "; diverged runs (counted as 100 % error): " + counts;
    }

    private static String tooFew(int variant, int baseline) {
        if (variant < 2 || baseline < 2) {
            return "finished seeds: %d of the variant, %d of the baseline; a spread needs at least two of each"
                    .formatted(variant, baseline);
        }
        return "the seeds of a variant give identical results, so the effect of chance cannot be estimated";
    }

    private String hint(Verdict verdict, double gap, Sample variant, Sample baseline) {
        if (verdict != Verdict.NOT_ENOUGH_SEEDS) {
            return "";
        }
        int more = Math.min(variant.size(), baseline.size()) + 1;
        int seeds = SeedsNeeded.toResolve(gap, variant.variance(), baseline.variance(), study.level(), more);
        return seeds == 0
                ? "; the difference is too close to the margin to be resolved with a reasonable number of seeds"
                : "; at the current variance, about " + seeds + " seeds would be needed";
    }

    private String diverged(Question question) {
        return diverged(variants(question));
    }

    private String claim(Question question) {
        return sentence(question) + (question.addedLater() ? " (asked after the first run)" : "");
    }

    private String sentence(Question question) {
        String variant = label(question.variant());
        String baseline = label(question.baseline());
        String margin = Text.points(question.marginPoints());
        return switch (question.kind()) {
            case MATCHES -> "The error of “" + variant + "” matches that of “" + baseline + "” within " + margin;
            case WORSE_THAN ->
                "The error of “" + variant + "” is worse than that of “" + baseline + "”"
                        + (question.marginPoints() > 0 ? " by more than " + margin : "");
            case CURVES_COINCIDE ->
                "The training curves of “" + variant + "” and “" + baseline + "” coincide"
                        + (question.afterEpoch() > 0 ? " after epoch " + question.afterEpoch() : "") + ", within "
                        + margin + " on average";
            case ELBOW ->
                "Up to some minibatch the error matches that of “" + baseline + "” within " + margin
                        + "; beyond, it is worse";
        };
    }

    private String label(String name) {
        return study.variants().stream()
                .filter(variant -> variant.name().equals(name))
                .map(StudyFile.Variant::label)
                .findFirst()
                .orElse(name);
    }
}
