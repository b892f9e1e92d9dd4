package dev.lockstep.recipe;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The reference of recipe keys in {@code docs/recipes.md} is generated: types and defaults from the records, ranges from
 * the refusals of bad values, meanings from the Javadoc. Run this test with {@code -Dlockstep.update=true} to write it.
 */
final class RecipeReferenceTest {
    private static final Path ROOT = Path.of("..");
    private static final Path DOCUMENT = ROOT.resolve("docs/recipes.md");
    private static final Path SCHEMA = ROOT.resolve("docs/recipe.schema.json");
    private static final String BEGIN = "<!-- keys -->\n";
    private static final String END = "<!-- end of keys -->\n";
    /** The shortest recipe: everything else has a default. */
    private static final String MINIMAL = """
            name: x
            epochs: 1
            workers: 1
            data: {dataset: mnist}
            model: {name: resnet8}
            """;

    @Test
    void document_recipesMd_hasTheKeysOfTheRecord() throws IOException {
        String document = Files.readString(DOCUMENT);
        int from = document.indexOf(BEGIN) + BEGIN.length();
        int to = document.indexOf(END);
        String generated = reference();
        if (Boolean.getBoolean("lockstep.update")) {
            Files.writeString(DOCUMENT, document.substring(0, from) + generated + document.substring(to));
            return;
        }
        assertThat(document.substring(from, to))
                .as("docs/recipes.md is stale: run this test with -Dlockstep.update=true")
                .isEqualTo(generated);
    }

    /** What editors complete and check recipes with, from the same source. */
    @Test
    void schema_recipeSchemaJson_hasTheKeysOfTheRecord() throws IOException {
        ObjectNode schema = JsonNodeFactory.instance
                .objectNode()
                .put("$schema", "https://json-schema.org/draft/2020-12/schema")
                .put("title", "Lockstep recipe");
        schema.setAll(schema(Recipe.class, "", Map.of()));
        String generated = new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(schema) + "\n";
        if (Boolean.getBoolean("lockstep.update")) {
            Files.writeString(SCHEMA, generated);
        }
        assertThat(Files.readString(SCHEMA))
                .as("docs/recipe.schema.json is stale: run this test with -Dlockstep.update=true")
                .isEqualTo(generated);
    }

    /** Every key and every choice of the shipped recipes is known to the schema. */
    @ParameterizedTest
    @ValueSource(strings = {"fashion-mnist", "photographs", "imagenet-resnet50-8k", "imagenet-resnet101-8k"})
    void schema_takesTheShippedRecipes(String name) throws IOException {
        JsonNode schema = new ObjectMapper().readTree(SCHEMA.toFile());
        Recipe recipe = Recipe.read(ROOT.resolve("recipes/" + name + ".yaml"));
        assertTakes(schema, YamlWriter.components(recipe), "");
        for (JsonNode required : schema.get("required")) {
            assertThat(schema.get("properties").has(required.asText())).isTrue();
        }
        assertThat(schema.at("/properties/data/properties/augmentation/enum").toString())
                .contains("random-resized-crop");
        assertThat(schema.at("/properties/workers/type").asText()).isEqualTo("integer");
    }

    private static void assertTakes(JsonNode schema, Map<String, Object> values, String path) {
        values.forEach((key, value) -> {
            String full = YamlRecords.join(path, key);
            JsonNode property = schema.path("properties").path(key);
            if (value instanceof OptimizerSettings) {
                assertThat(property.path("allOf")).as(full).isNotEmpty();
                return;
            }
            assertThat(property.isMissingNode()).as(full).isFalse();
            if (value instanceof Record record) {
                assertTakes(property, YamlWriter.components(record), full);
            } else if (value instanceof Enum) {
                assertThat(property.get("enum").toString()).contains('"' + YamlRecords.enumText(value) + '"');
            }
        });
    }

    private static ObjectNode schema(Class<?> type, String path, Map<String, String> kind) {
        JsonNodeFactory json = JsonNodeFactory.instance;
        Source source = Source.of(type);
        ObjectNode properties = json.objectNode();
        ArrayNode required = json.arrayNode();
        for (RecordComponent component : type.getRecordComponents()) {
            String name = YamlRecords.kebab(component.getName());
            String key = YamlRecords.join(path, name);
            ObjectNode property;
            if (component.getType().isRecord()) {
                property = schema(component.getType(), key, Map.of());
            } else if (component.getType() == OptimizerSettings.class) {
                property = kinds(key);
            } else {
                property = single(component, key, kind);
            }
            property.put(
                    "description", meaning(component, source).replace("`", "").replace("**", ""));
            properties.set(name, property);
            if (component.getAnnotation(Default.class) == null) {
                required.add(name);
            }
        }
        ObjectNode group = json.objectNode().put("type", "object").put("additionalProperties", false);
        group.set("properties", properties);
        if (!required.isEmpty()) {
            group.set("required", required);
        }
        return group;
    }

    /** A kind of an optimizer that a program adds may have any keys. */
    private static ObjectNode kinds(String path) {
        JsonNodeFactory json = JsonNodeFactory.instance;
        ObjectNode group = json.objectNode().put("type", "object");
        ArrayNode all = group.putArray("allOf");
        for (OptimizerKind kind : OptimizerKinds.own()) {
            ObjectNode then =
                    schema(kind.settings(), path, Map.of(YamlRecords.join(path, YamlRecords.KIND), kind.name()));
            ((ObjectNode) then.get("properties")).putObject(YamlRecords.KIND).put("const", kind.name());
            ObjectNode condition = all.addObject();
            ObjectNode given = condition.putObject("if");
            given.putObject("properties").putObject(YamlRecords.KIND).put("const", kind.name());
            if (!kind.name().equals(OptimizerKinds.DEFAULT)) {
                given.putArray("required").add(YamlRecords.KIND);
            }
            condition.set("then", then);
        }
        return group;
    }

    private static ObjectNode single(RecordComponent component, String key, Map<String, String> kind) {
        ObjectNode property = JsonNodeFactory.instance.objectNode();
        Class<?> type = component.getType();
        if (type.isEnum()) {
            ArrayNode choices = property.putArray("enum");
            Arrays.stream(type.getEnumConstants()).map(YamlRecords::enumText).forEach(choices::add);
        } else if (type == boolean.class) {
            property.put("type", "boolean");
        } else if (type == List.class) {
            property.put("type", "array").putObject("items").put("type", "number");
        } else if (type == Map.class) {
            property.put("type", "object").putObject("additionalProperties").put("type", "string");
        } else {
            property.put("type", type == String.class ? "string" : type == double.class ? "number" : "integer");
            property.put("title", value(component, key, kind).replace("`", ""));
        }
        Default standard = component.getAnnotation(Default.class);
        if (standard != null && !type.isEnum() && (type == int.class || type == long.class)) {
            property.put("default", Long.parseLong(standard.value()));
        } else if (standard != null && type == double.class) {
            property.put("default", Double.parseDouble(standard.value()));
        } else if (standard != null && type == boolean.class && standard.where().length == 0) {
            property.put("default", Boolean.parseBoolean(standard.value()));
        } else if (standard != null && (type.isEnum() || type == String.class)) {
            property.put("default", standard.value());
        }
        return property;
    }

    @Test
    void everyKey_ofTheRecipe_hasAMeaning() {
        assertThat(reference()).contains("`learning-rate.warmup.epochs`").doesNotContain("|  |");
    }

    private static String reference() {
        StringBuilder out = new StringBuilder();
        group(Recipe.class, "", Map.of(), out);
        return out.toString();
    }

    /**
     * @param kind the key that chose this record, with its value; empty where there is no choice
     */
    private static void group(Class<?> type, String path, Map<String, String> kind, StringBuilder out) {
        Source source = Source.of(type);
        kind.forEach((key, value) -> out.append("\n### `%s: %s`\n\n".formatted(key, value)));
        if (kind.isEmpty()) {
            out.append("\n## ")
                    .append(path.isEmpty() ? "The recipe" : "`" + path + "`")
                    .append("\n\n");
        }
        if (!path.isEmpty()) {
            out.append(source.sentences()).append("\n\n");
        }
        out.append("| key | value | default | meaning |\n| --- | --- | --- | --- |\n");
        List<RecordComponent> groups = new ArrayList<>();
        for (RecordComponent component : type.getRecordComponents()) {
            String key = YamlRecords.join(path, YamlRecords.kebab(component.getName()));
            if (isGroup(component)) {
                groups.add(component);
            }
            out.append("| `%s` | %s | %s | %s |\n"
                    .formatted(key, value(component, key, kind), defaultOf(component), meaning(component, source)));
        }
        for (RecordComponent component : groups) {
            String key = YamlRecords.join(path, YamlRecords.kebab(component.getName()));
            if (component.getType().isRecord()) {
                group(component.getType(), key, Map.of(), out);
            } else {
                kinds(key, out);
            }
        }
    }

    /** A group whose kind decides which keys it has. */
    private static void kinds(String path, StringBuilder out) {
        String key = YamlRecords.join(path, YamlRecords.KIND);
        String names = OptimizerKinds.own().stream()
                .map(kind -> "`" + kind.name() + "`")
                .collect(Collectors.joining(", "));
        out.append("\n## `%s`\n\n".formatted(path))
                .append("The kind decides which other keys there are. Programs can add kinds.\n\n")
                .append("| key | value | default | meaning |\n| --- | --- | --- | --- |\n")
                .append("| `%s` | %s | `%s` | the kind of optimizer |\n".formatted(key, names, OptimizerKinds.DEFAULT));
        OptimizerKinds.own().forEach(kind -> group(kind.settings(), path, Map.of(key, kind.name()), out));
    }

    private static boolean isGroup(RecordComponent component) {
        return component.getType().isRecord() || component.getType() == OptimizerSettings.class;
    }

    private static String value(RecordComponent component, String key, Map<String, String> kind) {
        Class<?> type = component.getType();
        if (isGroup(component)) {
            return "[keys](#" + key.replace(".", "") + ")";
        } else if (type.isEnum()) {
            return Arrays.stream(type.getEnumConstants())
                    .map(constant -> "`" + YamlRecords.enumText(constant) + "`")
                    .collect(Collectors.joining(", "));
        } else if (type == boolean.class) {
            return "`true`, `false`";
        } else if (type == List.class) {
            return isOf(component, 0, Double.class)
                    ? "list of numbers, " + range(key, "[-1]", kind).orElseThrow()
                    : "list of texts";
        } else if (type == Map.class) {
            return isOf(component, 1, Double.class)
                    ? "map from text to number " + range(key, "{x: 0}", kind).orElseThrow()
                    : "map from text to text";
        } else if (type == String.class) {
            return "text" + range(key, "'?'", kind).map(range -> ": " + range).orElse("");
        }
        String number = type == double.class ? "number" : "whole number";
        return range(key, "-2147483648", kind)
                .map(range -> number + (Character.isDigit(range.charAt(0)) ? ": " : " ") + range)
                .orElse(number);
    }

    private static boolean isOf(RecordComponent component, int parameter, Class<?> type) {
        return ((ParameterizedType) component.getGenericType()).getActualTypeArguments()[parameter] == type;
    }

    /** What the recipe says to a value that is out of range; empty when it takes it. */
    private static Optional<String> range(String key, String bad, Map<String, String> kind) {
        try {
            Map<String, String> overrides = new LinkedHashMap<>(kind);
            overrides.put(key, bad);
            RecipeFile.parse(MINIMAL, "reference", overrides);
            return Optional.empty();
        } catch (LockstepException e) {
            String range = e.fix()
                    .replaceFirst("^must be (a number )?(of )?", "")
                    .replaceAll("\\bbetween (\\d+) and (\\d+)", "from $1 to $2")
                    .replaceAll("(\\d)\\.0\\b", "$1");
            return Optional.of(Pattern.compile("\\d{5,}")
                    .matcher(range)
                    .replaceAll(n -> String.format(Locale.ROOT, "%,d", Long.valueOf(n.group()))));
        }
    }

    private static String defaultOf(RecordComponent component) {
        Default value = component.getAnnotation(Default.class);
        if (value == null) {
            return "required";
        }
        if (isGroup(component)) {
            return "those of its keys";
        }
        return Stream.concat(
                        Stream.of("`" + value.value() + "`"),
                        Arrays.stream(value.where())
                                .map(where -> "`" + where.value() + "` where `" + where.key() + "` is "
                                        + Arrays.stream(where.is())
                                                .map(text -> "`" + text + "`")
                                                .collect(Collectors.joining(", "))))
                .collect(Collectors.joining("; "));
    }

    private static String meaning(RecordComponent component, Source source) {
        String meaning = source.parameter(component.getName());
        if (!component.getType().isEnum()) {
            return meaning;
        }
        Source constants = Source.of(component.getType());
        return meaning + ". "
                + Arrays.stream(component.getType().getEnumConstants())
                        .map(constant -> "**" + YamlRecords.enumText(constant) + "**: "
                                + constants.constant(((Enum<?>) constant).name()))
                        .collect(Collectors.joining(" "));
    }

    /** The comments of a record or an enum in its source file. */
    private record Source(Class<?> type, String text) {
        private static final String JAVADOC = "/\\*\\*((?:(?!\\*/).)*?)\\*/\\s*";

        static Source of(Class<?> type) {
            Class<?> outermost = type;
            while (outermost.getEnclosingClass() != null) {
                outermost = outermost.getEnclosingClass();
            }
            Path file = Path.of("src/main/java", outermost.getName().replace('.', '/') + ".java");
            try {
                return new Source(type, Files.readString(file));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** The class's own comment, without its tags. */
        String sentences() {
            return comments(JAVADOC + "public (?:record|enum) " + type.getSimpleName() + "\\b")
                    .map(comment -> comment.replaceFirst("(?s)@param.*", ""))
                    .map(Source::plain)
                    .findFirst()
                    .orElseThrow(() -> new AssertionError(type + " has no Javadoc"));
        }

        /** What a component's {@code @param} says, in the comment of the record or of its constructor. */
        String parameter(String name) {
            return comments(JAVADOC + "public (?:record )?" + type.getSimpleName() + "\\b")
                    .flatMap(comment -> Pattern.compile("(?s)@param " + name + "\\s(.*?)(?=@param|$)")
                            .matcher(comment)
                            .results())
                    .map(result -> plain(result.group(1)))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("no @param " + name + " for " + type));
        }

        String constant(String name) {
            return comments(JAVADOC + name + "\\b")
                    .map(Source::plain)
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("no Javadoc on " + name + " of " + type));
        }

        private Stream<String> comments(String pattern) {
            int declared = text.indexOf("enum " + type.getSimpleName() + " ");
            Matcher matcher = Pattern.compile(pattern, Pattern.DOTALL).matcher(text);
            // Constants of different enums may share a name; the one after the enum's declaration is meant.
            return matcher.results()
                    .filter(result -> !type.isEnum() || result.end() > declared)
                    .map(result -> result.group(1).replaceAll("(?m)^\\s*\\* ?", ""));
        }

        private static String plain(String comment) {
            return comment.replaceAll("\\{@code ((?:[^{}]|\\{[^{}]*\\})*)\\}", "`$1`")
                    .replaceAll("\\s+", " ")
                    .replace("|", "\\|")
                    .trim();
        }
    }
}
