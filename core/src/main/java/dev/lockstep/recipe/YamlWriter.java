package dev.lockstep.recipe;

import java.lang.reflect.RecordComponent;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Writes records as YAML that {@link YamlRecords#read} converts back to equal records. */
final class YamlWriter {
    private final StringBuilder out = new StringBuilder();

    private YamlWriter() {}

    static String write(Record value) {
        YamlWriter writer = new YamlWriter();
        writer.entries(components(value), "");
        return writer.out.toString();
    }

    private void entries(Map<String, ?> entries, String indent) {
        entries.forEach((key, value) -> {
            out.append(indent).append(quoted(key)).append(':');
            value(value, indent);
        });
    }

    private void value(Object value, String indent) {
        if (value instanceof Record nested) {
            out.append('\n');
            entries(components(nested), indent + "  ");
        } else if (value instanceof Map<?, ?> map && !map.isEmpty()) {
            out.append('\n');
            entries(sorted(map), indent + "  ");
        } else if (value instanceof List<?> list && list.stream().anyMatch(item -> !isSingle(item))) {
            out.append('\n');
            list.forEach(item -> item(item, indent + "  "));
        } else {
            out.append(' ').append(inline(value)).append('\n');
        }
    }

    /** An element of a list whose elements are not all single values: the first key follows the dash. */
    private void item(Object item, String indent) {
        int start = out.length();
        if (item instanceof Record || item instanceof Map<?, ?> map && !map.isEmpty()) {
            entries(item instanceof Record nested ? components(nested) : sorted((Map<?, ?>) item), indent + "  ");
            out.setCharAt(start + indent.length(), '-');
        } else {
            out.append(indent).append("- ").append(inline(item)).append('\n');
        }
    }

    private static boolean isSingle(Object value) {
        return !(value instanceof Record || value instanceof Map || value instanceof List);
    }

    private static String inline(Object value) {
        if (value instanceof List<?> list) {
            return list.stream().map(YamlWriter::inline).collect(Collectors.joining(", ", "[", "]"));
        } else if (value instanceof Map) {
            return "{}";
        } else if (value instanceof Enum) {
            return YamlRecords.enumText(value);
        }
        return value instanceof String text ? quoted(text) : String.valueOf(value);
    }

    /** The components of a record by key, in their order. */
    static Map<String, Object> components(Record value) {
        Map<String, Object> components = new LinkedHashMap<>();
        if (value instanceof OptimizerSettings settings) {
            components.put(YamlRecords.KIND, OptimizerKinds.of(settings).name());
        }
        for (RecordComponent component : value.getClass().getRecordComponents()) {
            try {
                component.getAccessor().setAccessible(true);
                Object contents = component.getAccessor().invoke(value);
                if (isWritten(component, contents)) {
                    components.put(YamlRecords.kebab(component.getName()), contents);
                }
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        }
        return components;
    }

    private static boolean isWritten(RecordComponent component, Object value) {
        Default standard = component.getAnnotation(Default.class);
        return standard == null || standard.written() || !isDefault(value, standard);
    }

    private static boolean isDefault(Object value, Default standard) {
        boolean nested = value instanceof Record || value instanceof Map<?, ?> map && !map.isEmpty();
        return !nested && inline(value).equals(standard.value());
    }

    private static Map<String, Object> sorted(Map<?, ?> map) {
        Map<String, Object> sorted = new TreeMap<>();
        map.forEach((key, value) -> sorted.put((String) key, value));
        return sorted;
    }

    private static String quoted(String text) {
        if (text.matches("[A-Za-z0-9][A-Za-z0-9._/-]*")) {
            return text;
        }
        StringBuilder quoted = new StringBuilder("\"");
        text.codePoints().forEach(c -> {
            if (c == '"' || c == '\\') {
                quoted.append('\\').appendCodePoint(c);
            } else if (isSpecial(c)) {
                quoted.append(String.format("\\u%04x", c));
            } else {
                quoted.appendCodePoint(c);
            }
        });
        return quoted.append('"').toString();
    }

    /** Control characters, line and paragraph separators and the byte order mark. */
    private static boolean isSpecial(int c) {
        return c < ' ' || c >= 0x7f && c <= 0xa0 || c == 0x2028 || c == 0x2029 || c == 0xfeff;
    }
}
