package dev.lockstep.recipe;

import dev.lockstep.errors.LockstepException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A piece of YAML with its location. Immutable. */
sealed interface YamlValue {
    /** A record as its keys and values, without converting it to text. */
    static Entries of(Record record, String where) {
        return entries(YamlWriter.components(record), where);
    }

    private static Entries entries(Map<?, ?> values, String where) {
        Map<String, YamlValue> entries = new LinkedHashMap<>();
        values.forEach((key, value) -> entries.put((String) key, of(value, where)));
        return new Entries(entries, where);
    }

    private static YamlValue of(Object value, String where) {
        if (value instanceof Record record) {
            return of(record, where);
        } else if (value instanceof Map<?, ?> map) {
            return entries(map, where);
        } else if (value instanceof List<?> list) {
            return new Items(list.stream().map(item -> of(item, where)).toList(), where);
        }
        String text = value instanceof Enum ? YamlRecords.enumText(value) : value.toString();
        return new Text(text, !(value instanceof String), where);
    }

    /** File and line of the key (or of the list element), or the override it came from. */
    String where();

    /**
     * A single value.
     *
     * @param plain whether it is unquoted, and so may be read as a number, a boolean or a choice
     */
    record Text(String text, boolean plain, String where) implements YamlValue {}

    record Items(List<YamlValue> items, String where) implements YamlValue {}

    record Entries(Map<String, YamlValue> entries, String where) implements YamlValue {
        static Entries empty(String where) {
            return new Entries(Map.of(), where);
        }

        @Nullable
        YamlValue get(String key) {
            return entries.get(key);
        }

        Entries without(String key) {
            Map<String, YamlValue> rest = new LinkedHashMap<>(entries);
            rest.remove(key);
            return new Entries(rest, where);
        }

        /**
         * These entries with one of them, or one below them, set.
         *
         * @param path keys joined by dots; missing entries on the path are created
         */
        Entries with(String path, YamlValue value) {
            Map<String, YamlValue> changed = new LinkedHashMap<>(entries);
            int dot = path.indexOf('.');
            if (dot < 0) {
                changed.put(path, value);
            } else {
                String head = path.substring(0, dot);
                changed.put(head, below(head, value.where()).with(path.substring(dot + 1), value));
            }
            return new Entries(changed, where);
        }

        private Entries below(String key, String override) {
            YamlValue existing = entries.get(key);
            if (existing instanceof Entries nested) {
                return nested;
            }
            if (existing == null) {
                return empty(override);
            }
            throw LockstepException.recipe("'" + key + "' has no keys below it", override, "set it as a whole");
        }
    }
}
