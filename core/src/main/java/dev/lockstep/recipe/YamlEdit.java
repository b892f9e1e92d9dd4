package dev.lockstep.recipe;

import dev.lockstep.errors.LockstepException;
import java.util.Optional;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/** Sets one value in a YAML text and keeps every other character. */
final class YamlEdit {
    private final String yaml;
    private final String source;

    YamlEdit(String yaml, String source) {
        this.yaml = yaml;
        this.source = source;
    }

    /**
     * Replaces the value, or adds the key with it to the group that lacks it.
     *
     * @param path keys joined by dots
     * @throws LockstepException when the text shares the value or the group with another key, or is no group of keys
     */
    String set(String path, String value) {
        String[] keys = path.split("\\.");
        Optional<Node> root = YamlParser.root(yaml, source);
        if (root.isEmpty()) {
            return appended(nested(keys, 0, value));
        }
        Node node = root.get();
        String where = source;
        for (int i = 0; i < keys.length; i++) {
            Optional<NodeTuple> entry = entry(node, keys[i]);
            if (entry.isEmpty()) {
                String fix = i == 0 ? "add the line '" : "write into '" + keys[i - 1] + "' there: '";
                String line = nested(keys, i, value);
                String place = where;
                return added(node, i == 0, line).orElseThrow(() -> missing(path, place, fix + line + "'"));
            }
            node = entry.get().getValueNode();
            where = where(entry.get().getKeyNode());
        }
        return replace(node, path, value, where);
    }

    /** The text with one more key in a group: before the others of the group, or at the end of the file. */
    private Optional<String> added(Node group, boolean isRoot, String line) {
        if (!(group instanceof MappingNode mapping) || group.getAnchor().isPresent()) {
            return Optional.empty();
        }
        int start = offset(group.getStartMark());
        boolean empty = mapping.getValue().isEmpty();
        if (mapping.getFlowStyle() == FlowStyle.FLOW) {
            return yaml.startsWith("{", start)
                    ? Optional.of(yaml.substring(0, start + 1) + line + (empty ? "" : ", ") + yaml.substring(start + 1))
                    : Optional.empty();
        } else if (isRoot) {
            boolean ends = yaml.lines().anyMatch(text -> text.startsWith("...") || text.startsWith("---"));
            return ends ? Optional.empty() : Optional.of(appended(line));
        }
        Mark first = mapping.getValue().get(0).getKeyNode().getStartMark().orElseThrow();
        int at = yaml.offsetByCodePoints(0, first.getIndex());
        String newline = yaml.contains("\r\n") ? "\r\n" : "\n";
        return Optional.of(yaml.substring(0, at) + line + newline + " ".repeat(first.getColumn()) + yaml.substring(at));
    }

    private String appended(String line) {
        String newline = yaml.contains("\r\n") ? "\r\n" : "\n";
        return yaml + (yaml.isEmpty() || yaml.endsWith("\n") ? "" : newline) + line + newline;
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
