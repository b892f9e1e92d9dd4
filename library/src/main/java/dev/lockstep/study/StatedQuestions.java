package dev.lockstep.study;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.study.StudyFile.Question;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/**
 * The study as it was when its first run started, kept in its folder. What was asked then cannot be dropped, and what is
 * asked since must say so: a question that is made up after the results proves nothing.
 */
final class StatedQuestions {
    private static final String NAME = "study.yaml";

    private StatedQuestions() {}

    /**
     * Keeps the study's file, or compares it with the one that is kept.
     *
     * @throws LockstepException of kind RECIPE, naming the question that differs
     */
    static void keep(Study study, Path out) throws IOException {
        Path kept = out.resolve(NAME);
        if (Files.exists(kept)) {
            compare(StudyFile.read(kept), study.file(), out);
            return;
        }
        Path temporary = out.resolve(NAME + ".new");
        Files.copy(study.path(), temporary, StandardCopyOption.REPLACE_EXISTING);
        Files.move(temporary, kept, StandardCopyOption.ATOMIC_MOVE);
    }

    private static void compare(StudyFile first, StudyFile now, Path out) {
        if (first.level() != now.level()) {
            throw changed("level = " + now.level() + " was " + first.level() + " when the first run started", out);
        }
        List<Question> before = stated(first.questions());
        for (Question question : now.questions()) {
            if (!question.addedLater() && !before.contains(question)) {
                throw LockstepException.recipe(
                        "question was not asked when the first run started",
                        text(question) + ", out = " + out,
                        "mark it with added-later: true, or give another --out");
            }
        }
        List<Question> after = stated(now.questions());
        for (Question question : before) {
            if (!after.contains(question)) {
                throw changed("question was dropped after the first run: " + text(question), out);
            }
        }
    }

    private static List<Question> stated(List<Question> questions) {
        return questions.stream().map(StudyFile::stated).toList();
    }

    private static LockstepException changed(String what, Path out) {
        return LockstepException.recipe(what, "out = " + out, "put it back, or give another --out");
    }

    private static String text(Question question) {
        return "kind = "
                + question.kind().name().toLowerCase(java.util.Locale.ROOT).replace('_', '-') + ", baseline = "
                + question.baseline() + (question.variant().isEmpty() ? "" : ", variant = " + question.variant())
                + ", margin-points = " + Text.plain(question.marginPoints());
    }
}
