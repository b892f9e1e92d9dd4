package dev.lockstep.launch;

import dev.lockstep.errors.LockstepException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How many processes an elastic group may have.
 *
 * @param least the run stops when fewer are left
 * @param most lost processes are replaced up to this number
 * @param replaces whether lost processes are replaced
 */
public record Elastic(int least, int most, boolean replaces) {
    private static final Pattern FORM = Pattern.compile("([0-9]{1,5}):([0-9]{1,5})");

    /**
     * Reads {@code MIN:MAX}.
     *
     * @throws LockstepException of kind RECIPE when it has another form or MIN exceeds MAX
     */
    public static Elastic parse(String text, boolean replaces) {
        Matcher matcher = FORM.matcher(text);
        if (matcher.matches()) {
            int least = Integer.parseInt(matcher.group(1));
            int most = Integer.parseInt(matcher.group(2));
            if (least >= 1 && least <= most) {
                return new Elastic(least, most, replaces);
            }
        }
        throw LockstepException.recipe(
                "--elastic = " + text,
                "not the fewest and the most processes",
                "use MIN:MAX with 1 ≤ MIN ≤ MAX, such as 2:4");
    }
}
