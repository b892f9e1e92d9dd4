package dev.lockstep.recipe;

import dev.lockstep.errors.LockstepException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * Reads YAML into records and writes them back: kebab-case keys, no unknown keys, exact types, values checked by the
 * records' own constructors. Every error names the line, the key and the value.
 */
public final class YamlRecords {
    private YamlRecords() {}

    /**
     * @param source what the text is called in messages
     * @param overrides dotted key paths with the YAML text of their value; applied over the text
     */
    public static <T extends Record> T read(Class<T> type, String yaml, String source, Map<String, String> overrides) {
        Mapping root = Mapping.of(compose(yaml, source), "", source);
        overrides.forEach((path, text) -> override(root, path, text));
        return type.cast(record(type, root));
    }

    /** Every component of a record as YAML that {@link #read} takes back to an equal record. */
    public static String write(Record value) {
        StringBuilder out = new StringBuilder();
        writeRecord(value, "", out);
        return out.toString();
    }

    /** A mapping node as keys, with where it stands. */
    private record Mapping(Map<String, Value> entries, String path, String source) {
        static Mapping of(Optional<Node> node, String path, String source) {
            Map<String, Value> entries = new LinkedHashMap<>();
            if (node.isPresent()) {
                if (!(node.get() instanceof MappingNode mapping)) {
                    throw error(
                            "expected keys with values", where(node.get(), path, source), "write 'key: value' lines");
                }
                for (NodeTuple tuple : mapping.getValue()) {
                    String key = tuple.getKeyNode() instanceof ScalarNode scalar ? scalar.getValue() : "?";
                    String keyPath = join(path, key);
                    Value value = new Value(tuple.getValueNode(), keyPath, where(tuple.getKeyNode(), keyPath, source));
                    if (entries.put(key, value) != null) {
                        throw error("key is written twice", value.where, "remove one of them");
                    }
                }
            }
            return new Mapping(entries, path, source);
        }
    }

    private record Value(Node node, String path, String where) {
        Mapping mapping(String source) {
            return Mapping.of(Optional.of(node), path, source);
        }
    }

    private static Optional<Node> compose(String yaml, String source) {
        try {
            return new Compose(LoadSettings.builder().setLabel(source).build()).composeString(yaml);
        } catch (MarkedYamlEngineException e) {
            String line =
                    e.getProblemMark().map(mark -> ":" + (mark.getLine() + 1)).orElse("");
            throw error("not valid YAML: " + e.getProblem(), source + line, "mend the syntax");
        } catch (YamlEngineException e) {
            throw error("not valid YAML: " + e.getMessage(), source, "mend the syntax");
        }
    }

    private static void override(Mapping root, String path, String text) {
        String where = "--set " + path + "=" + text;
        Node node = compose(text.isEmpty() ? "''" : text, where)
                .orElseThrow(() -> error("no value", where, "write --set key.path=value"));
        insert(root, path, path, node, where);
    }

    private static void insert(Mapping mapping, String fullPath, String rest, Node node, String where) {
        int dot = rest.indexOf('.');
        if (dot < 0) {
            mapping.entries.put(rest, new Value(node, fullPath, where));
            return;
        }
        String head = rest.substring(0, dot);
        Value existing = mapping.entries.get(head);
        Mapping child;
        if (existing == null) {
            child = new Mapping(new LinkedHashMap<>(), join(mapping.path, head), mapping.source);
        } else if (existing.node instanceof OverriddenNode overridden) {
            child = overridden.mapping;
        } else {
            child = existing.mapping(mapping.source);
        }
        insert(child, fullPath, rest.substring(dot + 1), node, where);
        mapping.entries.put(head, new Value(new OverriddenNode(child, node), child.path, where));
    }

    /** A mapping that holds overrides, standing in for the node it was read from. */
    private static final class OverriddenNode extends MappingNode {
        private final Mapping mapping;

        OverriddenNode(Mapping mapping, Node like) {
            super(
                    org.snakeyaml.engine.v2.nodes.Tag.MAP,
                    true,
                    List.of(),
                    org.snakeyaml.engine.v2.common.FlowStyle.BLOCK,
                    like.getStartMark(),
                    like.getEndMark());
            this.mapping = mapping;
        }
    }

    private static Object record(Class<?> type, Mapping mapping) {
        RecordComponent[] components = type.getRecordComponents();
        List<String> known =
                Arrays.stream(components).map(c -> kebab(c.getName())).toList();
        mapping.entries.forEach((key, value) -> {
            if (!known.contains(key)) {
                throw error("unknown key '" + key + "'", value.where, "did you mean '" + nearest(key, known) + "'?");
            }
        });
        Object[] arguments = new Object[components.length];
        String where = mapping.source;
        for (int i = 0; i < components.length; i++) {
            String key = known.get(i);
            Value value = mapping.entries.get(key);
            if (value == null) {
                Default standard = components[i].getAnnotation(Default.class);
                if (standard == null) {
                    throw error("missing key '" + join(mapping.path, key) + "'", mapping.source, "add it");
                }
                Node node = compose(standard.value(), "default").orElseThrow();
                value = new Value(node, join(mapping.path, key), mapping.source);
            }
            arguments[i] = value(components[i].getGenericType(), value, mapping.source);
        }
        return construct(type, arguments, mapping, where);
    }

    private static Object construct(Class<?> type, Object[] arguments, Mapping mapping, String where) {
        try {
            Class<?>[] parameters = Arrays.stream(type.getRecordComponents())
                    .map(RecordComponent::getType)
                    .toArray(Class<?>[]::new);
            var constructor = type.getDeclaredConstructor(parameters);
            constructor.setAccessible(true);
            return constructor.newInstance(arguments);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof LockstepException cause) {
                String key = cause.getMessage().split(" ", 2)[0];
                Value culprit = mapping.entries.get(key);
                String place = culprit != null ? culprit.where : where;
                String prefix = mapping.path.isEmpty() ? "" : mapping.path + ".";
                throw error(prefix + cause.getMessage(), place, "");
            }
            throw new IllegalStateException(e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Object value(Type type, Value value, String source) {
        if (type instanceof ParameterizedType generic && generic.getRawType() == List.class) {
            return list(generic.getActualTypeArguments()[0], value, source);
        }
        if (type instanceof ParameterizedType generic && generic.getRawType() == Map.class) {
            return map(generic.getActualTypeArguments()[1], value, source);
        }
        Class<?> raw = (Class<?>) type;
        if (raw.isRecord()) {
            return record(
                    raw, value.node instanceof OverriddenNode overridden ? overridden.mapping : value.mapping(source));
        }
        if (!(value.node instanceof ScalarNode scalar)) {
            throw error(value.path + " is not a single value", value.where, "write " + expected(raw));
        }
        Object parsed = scalar(raw, scalar.getValue());
        if (parsed == null) {
            throw error(value.path + " = " + scalar.getValue(), value.where, "must be " + expected(raw));
        }
        return parsed;
    }

    private static List<Object> list(Type elementType, Value value, String source) {
        if (!(value.node instanceof SequenceNode sequence)) {
            throw error(value.path + " is not a list", value.where, "write [a, b, …]");
        }
        List<Object> elements = new ArrayList<>();
        for (Node node : sequence.getValue()) {
            String path = value.path + "[" + elements.size() + "]";
            String where = value.where.startsWith("--set") ? value.where : where(node, path, source);
            elements.add(value(elementType, new Value(node, path, where), source));
        }
        return elements;
    }

    private static Map<String, Object> map(Type valueType, Value value, String source) {
        Mapping mapping = value.node instanceof OverriddenNode overridden ? overridden.mapping : value.mapping(source);
        Map<String, Object> entries = new LinkedHashMap<>();
        mapping.entries.forEach((key, entry) -> entries.put(key, value(valueType, entry, source)));
        return Collections.unmodifiableMap(entries);
    }

    private static @Nullable Object scalar(Class<?> type, String text) {
        try {
            if (type == String.class) {
                return text;
            } else if (type == int.class || type == Integer.class) {
                return Integer.valueOf(text);
            } else if (type == long.class || type == Long.class) {
                return Long.valueOf(text);
            } else if (type == double.class || type == Double.class) {
                return text.matches("[-+]?[0-9.][0-9.eE+-]*") ? Double.valueOf(text) : null;
            } else if (type == boolean.class || type == Boolean.class) {
                return text.equals("true") ? Boolean.TRUE : text.equals("false") ? Boolean.FALSE : null;
            }
        } catch (NumberFormatException e) {
            return null;
        }
        for (Object constant : type.getEnumConstants()) {
            if (enumText(constant).equals(text)) {
                return constant;
            }
        }
        return null;
    }

    private static String expected(Class<?> type) {
        if (type.isEnum()) {
            return "one of "
                    + String.join(
                            ", ",
                            Arrays.stream(type.getEnumConstants())
                                    .map(YamlRecords::enumText)
                                    .toList());
        } else if (type == String.class) {
            return "a text";
        } else if (type == boolean.class) {
            return "true or false";
        }
        return type == double.class || type == Double.class ? "a number" : "a whole number";
    }

    private static void writeRecord(Record value, String indent, StringBuilder out) {
        for (RecordComponent component : value.getClass().getRecordComponents()) {
            Object part;
            try {
                component.getAccessor().setAccessible(true);
                part = component.getAccessor().invoke(value);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
            out.append(indent).append(kebab(component.getName())).append(':');
            writeValue(part, indent, out);
        }
    }

    private static void writeValue(Object part, String indent, StringBuilder out) {
        if (part instanceof Record nested) {
            out.append('\n');
            writeRecord(nested, indent + "  ", out);
        } else if (part instanceof Map<?, ?> map && !map.isEmpty()) {
            out.append('\n');
            map.entrySet().stream()
                    .sorted((a, b) -> a.getKey().toString().compareTo(b.getKey().toString()))
                    .forEach(entry -> out.append(indent)
                            .append("  ")
                            .append(quoted(entry.getKey().toString()))
                            .append(": ")
                            .append(quoted(entry.getValue().toString()))
                            .append('\n'));
        } else if (part instanceof Map) {
            out.append(" {}\n");
        } else if (part instanceof Enum) {
            out.append(' ').append(enumText(part)).append('\n');
        } else if (part instanceof String text) {
            out.append(' ').append(quoted(text)).append('\n');
        } else {
            out.append(' ').append(part).append('\n');
        }
    }

    private static String quoted(String text) {
        return text.matches("[A-Za-z0-9][A-Za-z0-9._/-]*") ? text : "'" + text.replace("'", "''") + "'";
    }

    private static String enumText(Object constant) {
        return constant.toString().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static String kebab(String camel) {
        return camel.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }

    private static String nearest(String key, List<String> known) {
        return known.stream()
                .min((a, b) -> Integer.compare(distance(key, a), distance(key, b)))
                .orElseThrow();
    }

    /** Levenshtein's edit distance. */
    private static int distance(String a, String b) {
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

    private static String join(String path, String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    private static String where(Node node, String path, String source) {
        return node.getStartMark()
                .map(mark -> source + ":" + (mark.getLine() + 1))
                .orElse(source);
    }

    private static LockstepException error(String what, String where, String mend) {
        return LockstepException.recipe(what, where, mend);
    }
}
