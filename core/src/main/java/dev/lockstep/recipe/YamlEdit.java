package dev.lockstep.recipe;

import dev.lockstep.errors.LockstepException;
import java.util.Optional;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/** Replaces one value in a YAML text and keeps every other character. */
final class YamlEdit {
    private final String yaml;
    private final String source;

    YamlEdit(String yaml, String source) {
        this.yaml = yaml;
        this.source = source;
    }

    /**
     * @param path keys joined by dots
     * @throws LockstepException when the text does not contain the key, or shares its value with another one
     */
    String replace(String path, String value) {
        String[] keys = path.split("\\.");
        Node node = YamlParser.root(yaml, source)
                .orElseThrow(() -> missing(path, source, "add the line '" + nested(keys, 0, value) + "'"));
        String where = source;
        for (int i = 0; i < keys.length; i++) {
            Optional<NodeTuple> entry = entry(node, keys[i]);
            if (entry.isEmpty()) {
                String fix = i == 0 ? "add the line '" : "write into '" + keys[i - 1] + "' there: '";
                throw missing(path, where, fix + nested(keys, i, value) + "'");
            }
            node = entry.get().getValueNode();
            where = where(entry.get().getKeyNode());
        }
        return replace(node, path, value, where);
    }

    private static LockstepException missing(String path, String where, String fix) {
        return LockstepException.recipe("the file does not contain " + path, where, fix);
    }

    /** The keys from one on as a line of YAML. */
    private static String nested(String[] keys, int from, String value) {
        String line = keys[keys.length - 1] + ": " + value;
        for (int i = keys.length - 2; i >= from; i--) {
            line = keys[i] + ": {" + line + "}";
        }
        return line;
    }

    private static Optional<NodeTuple> entry(Node node, String key) {
        return node instanceof MappingNode mapping
                ? mapping.getValue().stream()
                        .filter(entry -> entry.getKeyNode() instanceof ScalarNode name
                                && name.getValue().equals(key))
                        .findFirst()
                : Optional.empty();
    }

    /** A value with an anchor starts before its text; the location of an alias is that of its anchor. */
    private String replace(Node node, String path, String value, String where) {
        int start = offset(node.getStartMark());
        int end = offset(node.getEndMark());
        if (!(node instanceof ScalarNode scalar) || !yaml.substring(start, end).equals(scalar.getValue())) {
            throw LockstepException.recipe(
                    path + " is not written as a plain value", where, "write '" + value + "' there by hand");
        }
        return yaml.substring(0, start) + value + yaml.substring(end);
    }

    /** Marks count code points. */
    private int offset(Optional<Mark> mark) {
        return yaml.offsetByCodePoints(0, mark.orElseThrow().getIndex());
    }

    private String where(Node node) {
        return source + ":" + (node.getStartMark().orElseThrow().getLine() + 1);
    }
}
