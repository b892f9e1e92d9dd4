package dev.lockstep.recipe;

import dev.lockstep.errors.Spelling;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** What a person who wrote an unknown key may have meant: a key spelled alike, or the same key in another place. */
final class KeySuggestion {
    private KeySuggestion() {}

    /**
     * @param siblings the keys that are known where the unknown one stands
     * @param root the record of the whole file
     */
    static String of(String unknown, List<String> siblings, Class<?> root) {
        String nearest = siblings.stream()
                .min(Comparator.comparingInt(key -> Spelling.distance(unknown, key)))
                .orElseThrow();
        List<String> elsewhere = new ArrayList<>();
        collect(root, "", unknown, elsewhere);
        boolean misspelled = Spelling.distance(unknown, nearest) <= Math.max(1, unknown.length() / 3);
        return misspelled || elsewhere.isEmpty() ? "'" + nearest + "'" : "'" + String.join("' or '", elsewhere) + "'";
    }

    /** Adds every path in the tree of records that ends in this key. */
    private static void collect(Class<?> type, String path, String key, List<String> found) {
        for (RecordComponent component : type.getRecordComponents()) {
            String name = YamlRecords.kebab(component.getName());
            String full = YamlRecords.join(path, name);
            if (name.equals(key)) {
                found.add(full);
            }
            if (component.getType().isRecord()) {
                collect(component.getType(), full, key, found);
            }
        }
    }
}
