package dev.lockstep.recipe;

import dev.lockstep.errors.LockstepException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.composer.Composer;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/** Turns YAML text into {@link YamlValue}s. */
final class YamlParser {
    /**
     * All limits are far above any file that a person writes; they also stop aliases that multiply or contain themselves.
     */
    static final int MOST_CHARACTERS = 1_000_000;

    static final int DEEPEST = 64;
    private static final int MOST_VALUES = 100_000;
    private static final int LONGEST_VALUE = 20_000;

    /** A text that is evidently a plain scalar: nearly every default, and most overrides. */
    private static final Pattern SIMPLE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9.-]*");

    private final String source;
    private final boolean withLines;
    private int values;
    private int depth;

    private YamlParser(String source, boolean withLines) {
        this.source = source;
        this.withLines = withLines;
    }

    /** The keys of a file; places are {@code source:line}. */
    static YamlValue.Entries file(String yaml, String source) {
        YamlParser parser = new YamlParser(source, true);
        Optional<Node> root = parser.compose(yaml);
        if (root.isEmpty()) {
            return YamlValue.Entries.empty(source);
        }
        if (parser.value(root.get(), source) instanceof YamlValue.Entries entries) {
            return entries;
        }
        throw error("expected keys with values", parser.where(root.get()), "write 'key: value' lines");
    }

    /** One value with a single location, such as an override on the command line. */
    static YamlValue value(String yaml, String place) {
        if (SIMPLE.matcher(yaml).matches()) {
            return new YamlValue.Text(yaml, true, place);
        }
        YamlParser parser = new YamlParser(place, false);
        return parser.compose(yaml)
                .map(node -> parser.value(node, place))
                .orElseGet(() -> new YamlValue.Text("", false, place));
    }

    /** The contents of a file with the locations of its parts; empty if the file is empty. */
    static Optional<Node> root(String yaml, String source) {
        return new YamlParser(source, true).compose(yaml);
    }

    private Optional<Node> compose(String yaml) {
        if (yaml.length() > MOST_CHARACTERS) {
            throw error("longer than " + MOST_CHARACTERS + " characters, the limit", source, "make it shorter");
        }
        try {
            LoadSettings settings = LoadSettings.builder()
                    .setLabel(source)
                    .setAllowNonScalarKeys(true)
                    .build();
            return new Composer(settings, new BoundedParser(settings, yaml, this::checkDepth)).getSingleNode();
        } catch (MarkedYamlEngineException e) {
            String where = e.getProblemMark().map(mark -> place(mark.getLine())).orElse(source);
            throw error("not valid YAML: " + e.getProblem(), where, "fix the syntax");
        } catch (YamlEngineException e) {
            throw error("not valid YAML: " + e.getMessage(), source, "fix the syntax");
        }
    }

    private void checkDepth(int levels, Event event) {
        if (levels > DEEPEST) {
            throw tooLarge(
                    event.getStartMark().map(mark -> place(mark.getLine())).orElse(source));
        }
    }

    private static LockstepException tooLarge(String where) {
        return error(
                "more than " + MOST_VALUES + " values or deeper than " + DEEPEST + " levels",
                where,
                "remove aliases (*) that repeat or contain themselves");
    }

    private YamlValue value(Node node, String where) {
        if (++values > MOST_VALUES || depth > DEEPEST) {
            throw tooLarge(where);
        }
        if (node instanceof ScalarNode scalar) {
            return new YamlValue.Text(text(scalar, where), scalar.getScalarStyle() == ScalarStyle.PLAIN, where);
        }
        depth++;
        YamlValue nested =
                node instanceof SequenceNode sequence ? items(sequence, where) : entries((MappingNode) node, where);
        depth--;
        return nested;
    }

    private YamlValue.Items items(SequenceNode sequence, String where) {
        List<YamlValue> items = new ArrayList<>();
        sequence.getValue().forEach(node -> items.add(value(node, where(node))));
        return new YamlValue.Items(items, where);
    }

    private YamlValue.Entries entries(MappingNode mapping, String where) {
        Map<String, YamlValue> entries = new LinkedHashMap<>();
        for (NodeTuple tuple : mapping.getValue()) {
            String place = where(tuple.getKeyNode());
            if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
                throw error("a key is not a text", place, "write 'key: value'");
            }
            if (entries.put(text(key, place), value(tuple.getValueNode(), place)) != null) {
                throw error("key '" + key.getValue() + "' is written twice", place, "remove one of them");
            }
        }
        return new YamlValue.Entries(entries, where);
    }

    private static String text(ScalarNode scalar, String where) {
        if (scalar.getValue().length() > LONGEST_VALUE) {
            throw error("a text is longer than " + LONGEST_VALUE + " characters, the limit", where, "make it shorter");
        }
        return scalar.getValue();
    }

    private String where(Node node) {
        return node.getStartMark().map(mark -> place(mark.getLine())).orElse(source);
    }

    private String place(int line) {
        return withLines ? source + ":" + (line + 1) : source;
    }

    private static LockstepException error(String what, String where, String fix) {
        return LockstepException.recipe(what, where, fix);
    }
}
