package dev.lockstep.recipe;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** The keys in which two recipes differ, each as {@code key = one value (other value)}. */
public final class RecipeDifference {
    private RecipeDifference() {}

    /** Every key that differs. */
    public static List<String> all(Recipe one, Recipe other) {
        Map<String, String> left = keys(one.toYaml());
        Map<String, String> right = keys(other.toYaml());
        TreeSet<String> names = new TreeSet<>(left.keySet());
        names.addAll(right.keySet());
        List<String> differing = new ArrayList<>();
        for (String name : names) {
            String a = left.getOrDefault(name, "none");
            String b = right.getOrDefault(name, "none");
            if (!a.equals(b)) {
                differing.add(name + " = " + a + " (" + b + ")");
            }
        }
        return differing;
    }

    /**
     * The differing keys that change the arithmetic of the steps common to both recipes: not the name, suppressed checks or
     * the evaluation's batches, and not the number of epochs unless the learning rate depends on it.
     */
    public static List<String> ofArithmetic(Recipe one, Recipe other) {
        boolean lengthMatters = one.learningRate().schedule().kind() == Recipe.ScheduleKind.COSINE;
        return all(one, other).stream()
                .filter(key -> !key.startsWith("name =")
                        && !key.startsWith("suppress.")
                        && !key.startsWith("suppress =")
                        && !key.startsWith("evaluation.")
                        && (lengthMatters || !key.startsWith("epochs =")))
                .toList();
    }

    /** All keys of a recipe, dotted, with their values as recipes write them. */
    public static Map<String, String> values(Recipe recipe) {
        return keys(recipe.toYaml());
    }

    /** The value of a dotted key as recipes write it; {@code none} if the recipe does not have it. */
    public static String value(Recipe recipe, String key) {
        return keys(recipe.toYaml()).getOrDefault(key, "none");
    }

    /** The dotted keys of the YAML that recipes write, which is indented by two spaces per level. */
    private static Map<String, String> keys(String yaml) {
        Map<String, String> keys = new LinkedHashMap<>();
        List<String> path = new ArrayList<>();
        yaml.lines().forEach(line -> {
            int depth = (line.length() - line.stripLeading().length()) / 2;
            int colon = line.indexOf(':');
            String value = line.substring(colon + 1).strip();
            while (path.size() > depth) {
                path.remove(path.size() - 1);
            }
            path.add(line.substring(0, colon).strip());
            if (!value.isEmpty()) {
                keys.put(String.join(".", path), value);
            }
        });
        return keys;
    }
}
