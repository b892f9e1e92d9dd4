package dev.lockstep.recipe;

import dev.lockstep.errors.LockstepException;

/** Checks of values. The messages start with the key; {@link YamlRecords} relies on this to name the line. */
final class Ranges {
    /** Results computed from numbers up to this limit are finite as 32-bit floats. */
    static final int LARGEST = 1_000_000;

    private Ranges() {}

    static void between(String key, long value, long low, long high) {
        require(value >= low && value <= high, key, value, "must be between " + low + " and " + high);
    }

    static void atLeast(String key, double value, double low, long high) {
        require(
                value >= low && value <= high,
                key,
                value,
                "must be a number of at least " + low + " and at most " + high);
    }

    static void above(String key, double value, double low, long high) {
        require(value > low && value <= high, key, value, "must be a number above " + low + " and at most " + high);
    }

    static void shorterThan(String key, String text, int limit) {
        require(text.length() < limit, key, text, "must be shorter than " + limit + " characters");
    }

    static void require(boolean holds, String key, Object value, String allowed) {
        if (!holds) {
            throw LockstepException.recipe(key + " = " + value, "", allowed);
        }
    }
}
