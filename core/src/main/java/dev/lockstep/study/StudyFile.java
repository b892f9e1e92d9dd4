package dev.lockstep.study;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.errors.Printable;
import dev.lockstep.recipe.Default;
import dev.lockstep.recipe.YamlRecords;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * An experiment as stated in its YAML file, before any run. Margins are in percentage points of error, as in the
 * paper's tables.
 *
 * @param name the name, used for the output folder
 * @param title one line for the report
 * @param about the study's purpose and what readers need to know
 * @param recipe the path of the base recipe, relative to the study's file
 * @param set recipe keys, as dotted paths, that every variant overrides
 * @param variants the variants, in table order
 * @param seeds the seeds for every variant that has none of its own
 * @param laterSeeds further seeds, added after some run was finished; every answer that uses one says so
 * @param questions the questions, answered in this order
 * @param level the significance level of each question's tests
 * @param errorByMinibatch whether to plot the error against the minibatch, as in the paper's Figure 1
 * @param secondsPerEpoch the author's measurement for one run beside others, for the first time estimate; 0 for unknown
 */
public record StudyFile(
        String name,
        String title,
        @Default("''") String about,
        String recipe,
        @Default("{}") Map<String, String> set,
        List<Variant> variants,
        List<Long> seeds,
        @Default("[]") List<Long> laterSeeds,
        @Default("[]") List<Question> questions,
        @Default("0.05") double level,
        @Default("false") boolean errorByMinibatch,
        @Default("0") double secondsPerEpoch) {

    private static final int MOST_VARIANTS = 200;
    private static final int MOST_RUNS = 10_000;
    private static final int LONGEST_NAME = 100;
    private static final int LONGEST_LINE = 500;

    public StudyFile {
        require(name.matches("[A-Za-z0-9][A-Za-z0-9._-]*"), "name", name, "letters, digits, '.', '_' and '-' only");
        requireText("name", name, LONGEST_NAME);
        requireText("title", title, LONGEST_LINE);
        require(variants.size() <= MOST_VARIANTS, "variants", variants.size(), "must be at most " + MOST_VARIANTS);
        require(questions.size() <= MOST_RUNS, "questions", questions.size(), "must be at most " + MOST_RUNS);
        require(level > 0 && level < 0.5, "level", level, "must be above 0 and below 0.5");
        require(
                secondsPerEpoch >= 0 && secondsPerEpoch <= 1e9,
                "seconds-per-epoch",
                secondsPerEpoch,
                "must be at least 0 and at most 1000000000");
        require(!variants.isEmpty(), "variants", "[]", "a study needs at least one variant");
        require(!seeds.isEmpty(), "seeds", "[]", "a study needs at least one seed");
        requireDistinct(together(seeds, laterSeeds));
        Set<String> names = new HashSet<>();
        Set<String> labels = new HashSet<>();
        for (Variant variant : variants) {
            require(names.add(variant.name), "variants", variant.name, "variant names must be unique");
            require(labels.add(variant.label), "variants", variant.label, "variant labels must be unique");
            requireDistinct(together(
                    variant.seeds.isEmpty() ? together(seeds, laterSeeds) : variant.seeds, variant.laterSeeds));
        }
        long runs = runs(variants, seeds.size() + laterSeeds.size());
        require(runs <= MOST_RUNS, "runs of all variants and seeds", runs, "must be at most " + MOST_RUNS);
        for (Question question : questions) {
            requireKnown(names, "baseline", question.baseline);
            if (question.kind != Kind.ELBOW) {
                requireKnown(names, "variant", question.variant);
            }
        }
        set = Map.copyOf(set);
        variants = List.copyOf(variants);
        seeds = List.copyOf(seeds);
        laterSeeds = List.copyOf(laterSeeds);
        questions = List.copyOf(questions);
    }

    /** Requires one line of text that is safe for tables and pages. */
    private static void requireText(String key, String text, int most) {
        require(text.length() <= most, key, text, "must be at most " + most + " characters");
        require(Printable.of(text, most).equals(text), key, text, "must be one line without control characters");
    }

    /** @param common the number of seeds of a variant that has none of its own */
    private static long runs(List<Variant> variants, long common) {
        return variants.stream()
                .mapToLong(variant ->
                        (variant.seeds.isEmpty() ? common : variant.seeds.size()) + variant.laterSeeds.size())
                .sum();
    }

    private static List<Long> together(List<Long> some, List<Long> more) {
        return Stream.concat(some.stream(), more.stream()).toList();
    }

    private static void requireDistinct(List<Long> seeds) {
        require(Set.copyOf(seeds).size() == seeds.size(), "seeds", seeds, "seeds must be distinct");
    }

    private static void requireKnown(Set<String> names, String key, String name) {
        require(
                names.contains(name),
                "questions",
                key + ": " + name,
                "must be one of the variants "
                        + String.join(", ", names.stream().sorted().toList()));
    }

    private static void require(boolean holds, String key, Object value, String allowed) {
        if (!holds) {
            throw LockstepException.recipe(key + " = " + value, "", allowed);
        }
    }

    /**
     * One row of the table: the base recipe with some keys overridden.
     *
     * @param name the name, unique in the study
     * @param label the label in tables and plots; the name if empty
     * @param set recipe keys, as dotted paths, that take precedence over the study's
     * @param paper the paper's number for the same comparison on ImageNet, for context; may be empty
     * @param seeds the variant's own seeds; the study's if empty. A baseline that every question uses deserves more
     *     seeds
     * @param laterSeeds further seeds of its own, added after some run was finished
     */
    public record Variant(
            String name,
            @Default("''") String label,
            @Default("{}") Map<String, String> set,
            @Default("''") String paper,
            @Default("[]") List<Long> seeds,
            @Default("[]") List<Long> laterSeeds) {
        public Variant {
            require(name.matches("[A-Za-z0-9][A-Za-z0-9._-]*"), "name", name, "letters, digits, '.', '_' and '-' only");
            requireText("name", name, LONGEST_NAME);
            requireText("label", label, LONGEST_LINE);
            requireText("paper", paper, LONGEST_LINE);
            label = label.isEmpty() ? name : label;
            set = Map.copyOf(set);
            seeds = List.copyOf(seeds);
            laterSeeds = List.copyOf(laterSeeds);
        }
    }

    /** Kinds of questions. */
    public enum Kind {
        /** The variant's mean error is within the margin of the baseline's (two one-sided tests). */
        MATCHES,
        /** The variant's mean error exceeds the baseline's by more than the margin (a one-sided test). */
        WORSE_THAN,
        /** The training errors after a given epoch differ by less than the margin, on average over epochs. */
        CURVES_COINCIDE,
        /** Errors match the baseline's up to some minibatch, and are worse beyond a larger one. */
        ELBOW
    }

    /**
     * A question to answer from the runs.
     *
     * @param kind the kind of question
     * @param baseline the variant to compare with
     * @param variant the variant to compare; unused for {@code elbow}, which compares all
     * @param marginPoints the margin in percentage points, see {@link Kind}; may be 0 only for {@code worse-than}
     * @param afterEpoch for {@code curves-coincide}: epochs up to this one are ignored
     * @param addedLater whether the question was added after some run was finished; every report says so
     */
    public record Question(
            Kind kind,
            String baseline,
            @Default("''") String variant,
            @Default("0") double marginPoints,
            @Default("0") int afterEpoch,
            @Default("false") boolean addedLater) {
        public Question {
            require(
                    marginPoints > 0 && marginPoints <= 100 || kind == Kind.WORSE_THAN && marginPoints == 0,
                    "margin-points",
                    marginPoints,
                    "must be above 0 and at most 100: the largest difference, in percentage points, that does not"
                            + " matter");
            require(afterEpoch >= 0, "after-epoch", afterEpoch, "must be at least 0");
            require(
                    afterEpoch == 0 || kind == Kind.CURVES_COINCIDE,
                    "after-epoch",
                    afterEpoch,
                    "is only for curves-coincide");
            require(!variant.equals(baseline), "variant", variant, "must differ from the baseline");
        }
    }

    /** The recipe keys that a variant overrides: the study's, overridden by its own. */
    Map<String, String> keysOf(Variant variant) {
        Map<String, String> keys = new TreeMap<>(set);
        keys.putAll(variant.set);
        return keys;
    }

    /** All seeds of a variant. */
    public List<Long> seedsOf(Variant variant) {
        return together(statedSeedsOf(variant), laterSeedsOf(variant));
    }

    /** The seeds that were stated before the first run. */
    List<Long> statedSeedsOf(Variant variant) {
        return variant.seeds.isEmpty() ? seeds : variant.seeds;
    }

    List<Long> laterSeedsOf(Variant variant) {
        return together(variant.seeds.isEmpty() ? laterSeeds : List.of(), variant.laterSeeds);
    }

    /**
     * The baseline of a variant: that of its own question, or else the common baseline; empty for the common baseline
     * itself.
     */
    public Optional<String> baselineOf(String variant) {
        String common = commonBaseline();
        return questions.stream()
                .filter(question -> question.variant.equals(variant))
                .map(Question::baseline)
                .findFirst()
                .or(() -> Optional.of(common).filter(baseline -> !baseline.equals(variant)));
    }

    /** The baseline of the first question, or the first variant if there are no questions. */
    public String commonBaseline() {
        return questions.isEmpty() ? variants.get(0).name() : questions.get(0).baseline();
    }

    /**
     * Reads a study file.
     *
     * @throws LockstepException of kind RECIPE when it is invalid, naming file, line, key and value
     */
    public static StudyFile read(Path file) {
        return YamlRecords.read(StudyFile.class, file, "study", Map.of());
    }
}
