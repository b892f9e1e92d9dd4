package dev.lockstep.plan;

import dev.lockstep.errors.Printable;
import java.util.Optional;

/**
 * The finding of a check on a recipe.
 *
 * @param sentence what is unusual, with name = value
 * @param fix the suggested fix
 * @param suppressed the reason that the recipe gives for suppressing it; empty when it is a warning
 */
public record Finding(RecipeCheck check, String sentence, String fix, Optional<String> suppressed) {
    public String code() {
        return check.code();
    }

    public boolean isWarning() {
        return suppressed.isEmpty();
    }

    /** One line: {@code [code] sentence; fix (paper, section)}. */
    public String line() {
        String reason = suppressed
                .map(text -> " Suppressed: " + Printable.of(text, 1000))
                .orElse("");
        return "[" + code() + "] " + sentence + "; " + fix + " (" + check.source() + ")." + reason;
    }
}
