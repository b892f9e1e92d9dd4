package dev.lockstep.spark;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.errors.LockstepException.Kind;
import dev.lockstep.text.Json;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * How the process of one task ended.
 *
 * @param exitCode as the command line documents it; above 128 for a signal
 * @param message its error line, or its last words
 * @param result what it printed: {@code result.json} from rank 0
 */
record Outcome(int rank, String host, int exitCode, String message, String result) {
    /** Failures that another attempt would not fix. */
    private static final Set<Integer> FINAL =
            Set.of(Kind.RECIPE.exitCode(), Kind.DATA.exitCode(), Kind.DIVERGED.exitCode(), Kind.CHECKPOINT.exitCode());

    String toJson() {
        return Json.line(this);
    }

    static Outcome fromJson(String json) {
        return JsonText.read(json, Outcome.class);
    }

    /** The failure of a group that another attempt would not fix, in every rank's eyes the same. */
    static Optional<Outcome> finalFailure(List<Outcome> all) {
        return all.stream()
                .filter(outcome -> FINAL.contains(outcome.exitCode))
                .min(Comparator.comparingInt(Outcome::rank));
    }

    /** The failure that says most about why a group failed: a signal, which explains itself to nobody, before words. */
    static Optional<Outcome> failure(List<Outcome> all) {
        return all.stream()
                .filter(outcome -> outcome.exitCode != 0)
                .min(Comparator.comparing((Outcome outcome) -> outcome.exitCode <= 128)
                        .thenComparing(Outcome::rank));
    }

    LockstepException exception() {
        Kind kind = Arrays.stream(Kind.values())
                .filter(candidate -> candidate.exitCode() == exitCode)
                .findFirst()
                .orElse(Kind.WORKER);
        return new LockstepException(kind, message, where(), "");
    }

    private String where() {
        return "rank = " + rank + ", host = " + host + ", exit code = " + exitCode;
    }
}
