package dev.lockstep.recipe;

import dev.lockstep.errors.InputFile;
import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.charset.CharacterCodingException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads YAML into records and writes them back: kebab-case keys, no unknown keys, exact types, values checked by the
 * records' own constructors. Every error names the line, the key and the value.
 *
 * <p>Components may be records, lists, maps from text, texts, numbers, booleans and enums; and {@link
 * OptimizerSettings}, whose record is chosen by the key {@code kind}.
 */
public final class YamlRecords {
    /** The key that chooses among the records of {@link OptimizerSettings}. */
    static final String KIND = "kind";

    private final Class<?> root;

    private YamlRecords(Class<?> root) {
        this.root = root;
    }

    /**
     * @param source the name of the text in messages
     * @param overrides dotted key paths with the YAML text of their value; applied over the text, in order
     */
    public static <T extends Record> T read(Class<T> type, String yaml, String source, Map<String, String> overrides) {
        return read(type, YamlParser.file(yaml, source), overrides);
    }

    /**
     * A copy of a record with some keys set.
     *
     * @param source the name of the record in messages
     */
    static <T extends Record> T with(Class<T> type, T record, String source, Map<String, String> overrides) {
        return read(type, YamlValue.of(record, source), overrides);
    }

    private static <T extends Record> T read(Class<T> type, YamlValue.Entries written, Map<String, String> overrides) {
        YamlValue.Entries entries = written;
        for (Map.Entry<String, String> override : overrides.entrySet()) {
            String place = "--set " + override.getKey() + "=" + override.getValue();
            requireShallow(override.getKey(), place);
            entries = entries.with(override.getKey(), YamlParser.value(override.getValue(), place));
        }
        return type.cast(new YamlRecords(type).record(type, entries, ""));
    }

    /** A key descends as many levels as it has dots. */
    private static void requireShallow(String key, String place) {
        if (key.chars().filter(c -> c == '.').count() >= YamlParser.DEEPEST) {
            throw LockstepException.recipe(
                    "a key is deeper than " + YamlParser.DEEPEST + " levels", place, "write a key of the recipe");
        }
    }

    /**
     * Reads a file.
     *
     * @param what the name of the file in messages, such as {@code recipe}
     * @throws LockstepException of kind RECIPE also when the file cannot be read
     */
    public static <T extends Record> T read(Class<T> type, Path file, String what, Map<String, String> overrides) {
        return read(type, text(file, what), file.toString(), overrides);
    }

    /** The text of a file; failures are as in {@link #read(Class, Path, String, Map)}. */
    static String text(Path file, String what) {
        try {
            return InputFile.text(file, YamlParser.MOST_CHARACTERS);
        } catch (NoSuchFileException e) {
            throw LockstepException.recipe("no such " + what, "file = " + file, "give the path of a YAML file");
        } catch (CharacterCodingException e) {
            throw LockstepException.recipe(
                    what + " is not UTF-8 text", "file = " + file, "give the path of a YAML file");
        } catch (FileSystemException e) {
            String reason = e.getReason() == null ? e.getClass().getSimpleName() : e.getReason();
            throw unreadable(what, reason, file, e);
        } catch (IOException e) {
            throw unreadable(what, String.valueOf(e.getMessage()), file, e);
        }
    }

    private static LockstepException unreadable(String what, String reason, Path file, IOException cause) {
        return new LockstepException(
                LockstepException.Kind.RECIPE,
                what + " cannot be read: " + reason,
                "file = " + file,
                "give the path of a YAML file and check its permissions",
                cause);
    }

    /** Every component of a record as YAML that {@link #read} converts back to an equal record. */
    public static String write(Record value) {
        return YamlWriter.write(value);
    }

    private Object record(Class<?> type, YamlValue.Entries entries, String path) {
        return record(type, entries, path, "");
    }

    /** A record that the key {@code kind} chooses; the other keys are its components. */
    private Object ofKind(YamlValue.Entries entries, String path) {
        YamlValue chosen = entries.get(KIND);
        String key = join(path, KIND);
        String kind = chosen == null ? OptimizerKinds.DEFAULT : (String) single(String.class, chosen, key);
        OptimizerKind found = OptimizerKinds.named(kind)
                .orElseThrow(() -> LockstepException.recipe(
                        key + " = " + kind,
                        chosen == null ? entries.where() : chosen.where(),
                        "must be one of " + String.join(", ", OptimizerKinds.names())));
        return record(found.settings(), entries.without(KIND), path, " of kind " + kind);
    }

    /**
     * @param whose the owner of an unknown key, for messages
     */
    private Object record(Class<?> type, YamlValue.Entries entries, String path, String whose) {
        RecordComponent[] components = type.getRecordComponents();
        List<String> known = keys(type);
        entries.entries().forEach((key, value) -> {
            if (!known.contains(key)) {
                throw LockstepException.recipe(
                        "unknown key '" + join(path, key) + "'" + whose,
                        value.where(),
                        KeySuggestion.of(path, key, known, root));
            }
        });
        Object[] arguments = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            String key = join(path, known.get(i));
            YamlValue value = entries.get(known.get(i));
            arguments[i] = value(
                    components[i].getGenericType(), value == null ? standard(components[i], key, entries) : value, key);
        }
        return construct(type, arguments, entries, path);
    }

    private static YamlValue standard(RecordComponent component, String key, YamlValue.Entries group) {
        Default standard = component.getAnnotation(Default.class);
        if (standard == null) {
            throw LockstepException.recipe("missing key '" + key + "'", group.where(), "add it");
        }
        for (Default.Where other : standard.where()) {
            if (group.get(other.key()) instanceof YamlValue.Text chosen
                    && List.of(other.is()).contains(chosen.text())) {
                return YamlParser.value(other.value(), group.where());
            }
        }
        return YamlParser.value(standard.value(), group.where());
    }

    private static Object construct(Class<?> type, Object[] arguments, YamlValue.Entries entries, String path) {
        try {
            Class<?>[] parameters = Arrays.stream(type.getRecordComponents())
                    .map(RecordComponent::getType)
                    .toArray(Class<?>[]::new);
            var constructor = type.getDeclaredConstructor(parameters);
            constructor.setAccessible(true);
            return constructor.newInstance(arguments);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof LockstepException refusal) {
                throw located(refusal, entries, path);
            }
            throw new IllegalStateException(e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A record's error starts with its key; this adds the key's path and line. */
    private static LockstepException located(LockstepException refusal, YamlValue.Entries entries, String path) {
        YamlValue culprit = entries.get(refusal.what().split(" ", 2)[0]);
        String where = culprit == null ? entries.where() : culprit.where();
        return LockstepException.recipe(join(path, refusal.what()), where, refusal.fix());
    }

    private Object value(Type type, YamlValue value, String path) {
        if (type instanceof ParameterizedType generic) {
            Type[] parts = generic.getActualTypeArguments();
            return generic.getRawType() == List.class
                    ? list(parts[0], value, path)
                    : map(parts[1], entries(value, path), path);
        }
        Class<?> raw = (Class<?>) type;
        if (raw == OptimizerSettings.class) {
            return ofKind(entries(value, path), path);
        }
        return raw.isRecord() ? record(raw, entries(value, path), path) : single(raw, value, path);
    }

    private static YamlValue.Entries entries(YamlValue value, String path) {
        if (value instanceof YamlValue.Entries entries) {
            return entries;
        }
        throw LockstepException.recipe(
                path + " is a group of keys", value.where(), "write 'key: value' lines below it");
    }

    private List<Object> list(Type elementType, YamlValue value, String path) {
        if (!(value instanceof YamlValue.Items list)) {
            throw LockstepException.recipe(path + " is not a list", value.where(), "write [a, b, …]");
        }
        List<Object> elements = new ArrayList<>();
        for (YamlValue item : list.items()) {
            elements.add(value(elementType, item, path + "[" + elements.size() + "]"));
        }
        return Collections.unmodifiableList(elements);
    }

    private Map<String, Object> map(Type valueType, YamlValue.Entries value, String path) {
        Map<String, Object> entries = new LinkedHashMap<>();
        value.entries().forEach((key, entry) -> entries.put(key, value(valueType, entry, join(path, key))));
        return Collections.unmodifiableMap(entries);
    }

    private static Object single(Class<?> type, YamlValue value, String path) {
        if (!(value instanceof YamlValue.Text text)) {
            throw LockstepException.recipe(path + " is not a single value", value.where(), "write " + expected(type));
        }
        Object parsed = text.plain() || type == String.class ? parse(type, text.text()) : null;
        if (parsed == null) {
            String shown = text.plain() ? text.text() : "'" + text.text() + "'";
            throw LockstepException.recipe(path + " = " + shown, text.where(), "must be " + expected(type));
        }
        return parsed;
    }

    private static @Nullable Object parse(Class<?> type, String text) {
        try {
            if (type == String.class) {
                return text;
            } else if (type == int.class || type == Integer.class) {
                return Integer.valueOf(text);
            } else if (type == long.class || type == Long.class) {
                return Long.valueOf(text);
            } else if (type == double.class || type == Double.class) {
                return number(text);
            } else if (type == boolean.class || type == Boolean.class) {
                return text.equals("true") ? Boolean.TRUE : text.equals("false") ? Boolean.FALSE : null;
            }
        } catch (NumberFormatException e) {
            return null;
        }
        return Arrays.stream(type.getEnumConstants())
                .filter(constant -> enumText(constant).equals(text))
                .findFirst()
                .orElse(null);
    }

    /** Decimal and finite only: Java also reads hexadecimal numbers, "1d" and "NaN". */
    private static @Nullable Double number(String text) {
        if (!text.matches("[-+]?[0-9.][0-9.eE+-]*")) {
            return null;
        }
        double number = Double.parseDouble(text);
        return Double.isInfinite(number) ? null : Double.valueOf(number);
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
        } else if (type == boolean.class || type == Boolean.class) {
            return "true or false";
        } else if (type == double.class || type == Double.class) {
            return "a number";
        }
        return type == int.class || type == Integer.class ? "a whole number below 2147483648" : "a whole number";
    }

    /** The keys of a record, in the order of its components. */
    static List<String> keys(Class<?> type) {
        return Arrays.stream(type.getRecordComponents())
                .map(component -> kebab(component.getName()))
                .toList();
    }

    static String enumText(Object constant) {
        return ((Enum<?>) constant).name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static String kebab(String camel) {
        return camel.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }

    static String join(String path, String key) {
        return path.isEmpty() ? key : path + "." + key;
    }
}
