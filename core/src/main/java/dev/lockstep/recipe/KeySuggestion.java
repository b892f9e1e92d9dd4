package dev.lockstep.recipe;

import dev.lockstep.errors.Spelling;
import java.lang.reflect.RecordComponent;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** How to fix an unknown key: its new name, a key spelled alike, the same key elsewhere, or all keys of its group. */
final class KeySuggestion {
    /** Keys that have been renamed, by their old paths. */
    private static final Map<String, String> RENAMED = Map.of("data.colour", "data.color", "silence", "suppress");

    private KeySuggestion() {}

    /**
     * @param path of the group that holds the unknown key; empty at the top
     * @param siblings the known keys of that group
     * @param root the record of the whole file
     */
    static String of(String path, String unknown, List<String> siblings, Class<?> root) {
        String full = YamlRecords.join(path, unknown);
        String renamed = RENAMED.get(full);
        if (renamed != null) {
            return full + " is now " + renamed;
        }
        String nearest = siblings.stream()
                .min(Comparator.comparingInt(key -> Spelling.distance(unknown, key)))
                .orElseThrow();
        Set<String> elsewhere = new LinkedHashSet<>();
        collect(root, "", unknown, elsewhere);
        boolean isOfAnotherKind = elsewhere.remove(full);
        if (Spelling.distance(unknown, nearest) <= Math.max(1, unknown.length() / 3)) {
            return "did you mean '" + nearest + "'?";
        } else if (!elsewhere.isEmpty()) {
            return "did you mean '" + String.join("' or '", elsewhere) + "'?";
        }
        return (isOfAnotherKind ? "remove it: this kind has " : "use one of ") + String.join(", ", siblings);
    }

    /** Adds every path that ends in this key, in the tree of records. */
    private static void collect(Class<?> type, String path, String key, Set<String> found) {
        for (RecordComponent component : type.getRecordComponents()) {
            String name = YamlRecords.kebab(component.getName());
            String full = YamlRecords.join(path, name);
            if (name.equals(key)) {
                found.add(full);
            }
            if (component.getType().isRecord()) {
                collect(component.getType(), full, key, found);
            } else if (component.getType() == OptimizerSettings.class) {
                OptimizerKinds.own().forEach(kind -> collect(kind.settings(), full, key, found));
            }
        }
    }
}
