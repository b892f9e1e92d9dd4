package dev.lockstep.errors;

import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** What a person who wrote an unknown name may have meant. */
public final class Spelling {
    private Spelling() {}

    /** The name spelled most alike; empty when none is near. */
    public static Optional<String> nearest(String unknown, Collection<String> known) {
        return known.stream()
                .min(Comparator.comparingInt(name -> distance(unknown, name)))
                .filter(name -> distance(unknown, name) <= Math.max(1, unknown.length() / 3));
    }

    /** "did you mean 'x'? " where a known name is near, else nothing. */
    public static String suggestion(String unknown, Collection<String> known) {
        return nearest(unknown, known)
                .map(name -> "did you mean '" + name + "'? ")
                .orElse("");
    }

    /** Levenshtein's edit distance. */
    public static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        Arrays.setAll(row, j -> j);
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int substitution = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(substitution, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
