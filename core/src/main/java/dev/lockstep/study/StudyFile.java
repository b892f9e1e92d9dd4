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
 * An experiment as its YAML file states it, before any run. Margins are in points: hundredths of the fraction that is
 * wrong, as in the paper's tables.
 *
 * @param name names the output folder
 * @param title one line for the report
 * @param about what the study is for, and what the reader must know of it
 * @param recipe the base recipe, relative to the study's file
 * @param set keys of the recipe, as dotted paths, that every variant changes
 * @param variants in the order of the table
 * @param seeds every variant runs with each, unless it has its own
 * @param laterSeeds more of them, added when some run was finished already; every answer that uses one says so
 * @param questions answered from the runs, in this order
 * @param level the chance of a wrong answer that each question accepts
 * @param errorByMinibatch draw the error against the minibatch, as in Figure 1
 * @param secondsPerEpoch of one run beside others, as measured by the author, for the first estimate; 0 is unknown
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
            require(names.add(variant.name), "variants", variant.name, "every variant needs a name of its own");
            require(labels.add(variant.label), "variants", variant.label, "every variant needs a label of its own");
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

    /** One line of text, of which tables and pages are made. */
    private static void requireText(String key, String text, int most) {
        require(text.length() <= most, key, text, "must be at most " + most + " characters");
        require(Printable.of(text, most).equals(text), key, text, "must be one line without control characters");
    }

    /** @param common seeds of a variant that has none of its own */
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
        require(Set.copyOf(seeds).size() == seeds.size(), "seeds", seeds, "every seed must be written once");
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
     * One row of the table: the base recipe with some keys changed.
     *
     * @param label for people; empty is the name
     * @param set keys of the recipe as dotted paths, over those of the study
     * @param paper the paper's number for the same comparison on ImageNet, for context; empty is none
     * @param seeds its own; empty: the study's. A baseline that every question uses is worth more of them
     * @param laterSeeds more of its own, added when some run was finished already
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

    /** What can be asked. */
    public enum Kind {
        /** The variant's mean error lies within the margin of the baseline's: two one-sided tests. */
        MATCHES,
        /** The variant's mean error lies above the baseline's by more than the margin: a one-sided test. */
        WORSE_THAN,
        /** The training errors after an epoch lie, on average over the epochs, within the margin. */
        CURVES_COINCIDE,
        /** Errors match the baseline up to some minibatch, and beyond a larger one they are worse. */
        ELBOW
    }

    /**
     * @param kind what is asked
     * @param baseline the variant that is compared with
     * @param variant what is compared; for {@code elbow} all variants are
     * @param marginPoints see {@link Kind}; 0 only for {@code worse-than}
     * @param afterEpoch for {@code curves-coincide}: epochs up to this one are left out
     * @param addedLater whether it was asked when some run was finished already; every report says so
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
                    "must be above 0 and at most 100: the difference, in points, that does not matter");
            require(afterEpoch >= 0, "after-epoch", afterEpoch, "must be at least 0");
            require(
                    afterEpoch == 0 || kind == Kind.CURVES_COINCIDE,
                    "after-epoch",
                    afterEpoch,
                    "is for curves-coincide only");
            require(!variant.equals(baseline), "variant", variant, "is its own baseline");
        }
    }

    /** The keys of the recipe that a variant changes: the study's and its own over them. */
    Map<String, String> keysOf(Variant variant) {
        Map<String, String> keys = new TreeMap<>(set);
        keys.putAll(variant.set);
        return keys;
    }

    /** The seeds that a variant runs with. */
    public List<Long> seedsOf(Variant variant) {
        return together(statedSeedsOf(variant), laterSeedsOf(variant));
    }

    /** Those that it had before the first run. */
    List<Long> statedSeedsOf(Variant variant) {
        return variant.seeds.isEmpty() ? seeds : variant.seeds;
    }

    List<Long> laterSeedsOf(Variant variant) {
        return together(variant.seeds.isEmpty() ? laterSeeds : List.of(), variant.laterSeeds);
    }

    /** What a variant is compared with: by its own question, else by the first of the study; empty for that itself. */
    public Optional<String> baselineOf(String variant) {
        String common = commonBaseline();
        return questions.stream()
                .filter(question -> question.variant.equals(variant))
                .map(Question::baseline)
                .findFirst()
                .or(() -> Optional.of(common).filter(baseline -> !baseline.equals(variant)));
    }

    /** The variant that others are compared with: the first question's, or the first of the table. */
    public String commonBaseline() {
        return questions.isEmpty() ? variants.get(0).name() : questions.get(0).baseline();
    }

    /** @throws LockstepException of kind RECIPE, naming file, line, key and value */
    public static StudyFile read(Path file) {
        return YamlRecords.read(StudyFile.class, file, "study", Map.of());
    }
}
