package dev.lockstep.plan;

import dev.lockstep.errors.Printable;
import java.util.Optional;

/**
 * What a check says of a recipe.
 *
 * @param sentence what is unusual, with name = value
 * @param mend what to do about it
 * @param silenced the reason that the recipe gives for silencing it; empty when it is a warning
 */
public record Finding(RecipeCheck check, String sentence, String mend, Optional<String> silenced) {
    public String code() {
        return check.code();
    }

    public boolean isWarning() {
        return silenced.isEmpty();
    }

    /** One line: {@code [code] sentence; mend (paper, section)}. */
    public String line() {
        String reason =
                silenced.map(text -> " Silenced: " + Printable.of(text, 1000)).orElse("");
        return "[" + code() + "] " + sentence + "; " + mend + " (" + check.source() + ")." + reason;
    }
}
