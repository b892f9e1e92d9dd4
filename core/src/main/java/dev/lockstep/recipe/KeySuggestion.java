package dev.lockstep.recipe;

import dev.lockstep.errors.Spelling;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** How to fix an unknown key: its new name, a key with a similar spelling, or the same key in another place. */
final class KeySuggestion {
    /** Keys that have been renamed, by their old paths. */
    private static final Map<String, String> RENAMED = Map.of("data.colour", "data.color", "silence", "suppress");

    private KeySuggestion() {}

    /**
     * @param path of the group that holds the unknown key; empty at the top
     * @param siblings the keys that are known there
     * @param root the record of the whole file
     */
    static String of(String path, String unknown, List<String> siblings, Class<?> root) {
        String full = YamlRecords.join(path, unknown);
        String renamed = RENAMED.get(full);
        return renamed != null ? full + " is now " + renamed : "did you mean " + nearest(unknown, siblings, root) + "?";
    }

    private static String nearest(String unknown, List<String> siblings, Class<?> root) {
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
