package dev.lockstep.launch;

import dev.lockstep.errors.LockstepException;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** The environment variables of a process, read strictly: a wrong value is an error that names it. */
record Variables(Map<String, String> all) {
    static final String WHERE = "environment of this process";
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");

    /** Whether a variable is set, even to nothing. */
    boolean has(String name) {
        return all.containsKey(name);
    }

    /** The value without white space around it; empty when it is not set or blank. */
    Optional<String> text(String name) {
        return Optional.ofNullable(all.get(name)).map(String::strip).filter(value -> !value.isEmpty());
    }

    /** @throws LockstepException of kind RECIPE when it is not a whole number in the range */
    int number(String name, int least, int most) {
        String text = text(name).orElse("");
        if (NUMBER.matcher(text).matches()) {
            int value = Integer.parseInt(text);
            if (value >= least && value <= most) {
                return value;
            }
        }
        throw wrong(name, "a whole number from " + least + " to " + most);
    }

    /** A number that the launcher need not give; {@code otherwise} when it is not set or no number. */
    int numberOr(String name, int otherwise) {
        return text(name)
                .filter(value -> NUMBER.matcher(value).matches())
                .map(Integer::parseInt)
                .orElse(otherwise);
    }

    LockstepException wrong(String name, String allowed) {
        return LockstepException.recipe(
                name + " = " + text(name).orElse("") + " is not " + allowed,
                WHERE,
                "correct it, or unset the variables of its launcher to run alone");
    }

    /** {@code name = value}, for messages. */
    String shown(String name) {
        return name + " = " + text(name).orElse("");
    }
}
