package dev.lockstep.study;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.study.StudyFile.Question;
import dev.lockstep.study.StudyFile.Variant;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The study as stated when its first run started, kept in its folder. Variants cannot change. Questions and seeds
 * stated then cannot be dropped, and later additions must be marked: a question asked after seeing the results proves
 * nothing, and adding seeds until a test is significant inflates false positives.
 */
final class StatedStudy {
    private static final String NAME = "study.yaml";

    private StatedStudy() {}

    /**
     * Compares the study's file with the kept copy, then replaces the copy.
     *
     * @throws LockstepException of kind RECIPE, naming the variant, seed or question that differs
     */
    static void keep(Study study, Path out) throws IOException {
        Path kept = out.resolve(NAME);
        if (Files.exists(kept)) {
            compare(StudyFile.read(kept), study.file(), out);
        }
        DurableFiles.write(kept, Files.readAllBytes(study.path()));
    }

    private static void compare(StudyFile first, StudyFile now, Path out) {
        if (first.level() != now.level()) {
            throw changed("level = " + now.level() + " was " + first.level() + " when the first run started", out);
        }
        compareVariants(first, now, out);
        for (Question question : now.questions()) {
            if (!question.addedLater() && !first.questions().contains(question)) {
                throw LockstepException.recipe(
                        "question was added after the first run started",
                        text(question) + ", out = " + out,
                        "mark it with added-later: true, or choose another output folder");
            }
        }
        for (Question question : first.questions()) {
            if (!now.questions().contains(question)) {
                throw changed("question was dropped after the first run: " + text(question), out);
            }
        }
    }

    private static void compareVariants(StudyFile first, StudyFile now, Path out) {
        List<String> before = names(first);
        List<String> after = names(now);
        if (!Set.copyOf(before).equals(Set.copyOf(after))) {
            throw LockstepException.recipe(
                    "variants changed after the first run started: variants = " + after + ", before = " + before,
                    "out = " + out,
                    "restore them, or make another study that reuses the runs in " + out);
        }
        for (Variant variant : first.variants()) {
            Variant same = now.variants().get(after.indexOf(variant.name()));
            Map<String, String> keysBefore = first.keysOf(variant);
            Map<String, String> keysNow = now.keysOf(same);
            if (!keysNow.equals(keysBefore)) {
                throw changed(
                        "set = " + keysNow + " of variant = " + variant.name() + " was " + keysBefore
                                + " when the first run started",
                        out);
            }
            List<Long> added = without(now.statedSeedsOf(same), first.statedSeedsOf(variant));
            if (!added.isEmpty()) {
                throw LockstepException.recipe(
                        "seeds were added after the first run started: seeds = " + added,
                        "variant = " + variant.name() + ", out = " + out,
                        "list them under later-seeds, or choose another output folder");
            }
            List<Long> dropped = new ArrayList<>(without(first.statedSeedsOf(variant), now.statedSeedsOf(same)));
            dropped.addAll(without(first.laterSeedsOf(variant), now.laterSeedsOf(same)));
            if (!dropped.isEmpty()) {
                throw changed(
                        "seeds = " + dropped + " of variant = " + variant.name() + " were dropped or moved after the "
                                + "first run",
                        out);
            }
        }
    }

    private static List<Long> without(List<Long> seeds, List<Long> others) {
        return seeds.stream().filter(seed -> !others.contains(seed)).toList();
    }

    private static List<String> names(StudyFile file) {
        return file.variants().stream().map(Variant::name).toList();
    }

    private static LockstepException changed(String what, Path out) {
        return LockstepException.recipe(what, "out = " + out, "restore it, or choose another output folder");
    }

    private static String text(Question question) {
        return "kind = "
                + question.kind().name().toLowerCase(java.util.Locale.ROOT).replace('_', '-') + ", baseline = "
                + question.baseline() + (question.variant().isEmpty() ? "" : ", variant = " + question.variant())
                + ", margin-points = " + Text.plain(question.marginPoints());
    }
}
