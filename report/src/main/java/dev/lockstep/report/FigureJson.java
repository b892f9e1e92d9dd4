package dev.lockstep.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.List;

/**
 * Converts figures to the JSON that the page's script reads: one x column for all series, and null where a series has
 * no point.
 */
final class FigureJson {
    private static final ObjectMapper JSON = new ObjectMapper();

    private FigureJson() {}

    static String of(List<Figure> figures) {
        ObjectNode all = JSON.createObjectNode();
        figures.forEach(figure -> all.set(figure.id(), node(figure)));
        // A string must not end the script element, or start a comment or another script in it.
        return all.toString().replace("<", "\\u003c");
    }

    private static ObjectNode node(Figure figure) {
        double[] xs = figure.xs();
        ObjectNode node = JSON.createObjectNode()
                .put("xLabel", figure.xLabel())
                .put("yLabel", figure.yLabel())
                .put("logX", figure.logX())
                .put("bars", figure.bars());
        put(node, "top", figure.top());
        ArrayNode x = node.putArray("x");
        Arrays.stream(xs).forEach(value -> add(x, value));
        ArrayNode series = node.putArray("series");
        figure.series().forEach(s -> series.add(node(s, xs)));
        return node;
    }

    private static ObjectNode node(Series series, double[] xs) {
        ObjectNode node = JSON.createObjectNode()
                .put("name", series.name())
                .put("color", series.color())
                .put("dashed", series.dashed());
        column(node.putArray("y"), series.x(), series.y(), xs);
        if (series.spread().length > 0) {
            column(node.putArray("spread"), series.x(), series.spread(), xs);
        }
        return node;
    }

    private static void column(ArrayNode column, double[] x, double[] values, double[] xs) {
        int next = 0;
        for (double at : xs) {
            double value = Double.NaN;
            while (next < x.length && x[next] <= at) {
                value = x[next] == at ? values[next] : value;
                next++;
            }
            add(column, value);
        }
    }

    private static void add(ArrayNode array, double value) {
        if (Double.isFinite(value)) {
            array.add(rounded(value));
        } else {
            array.addNull();
        }
    }

    private static void put(ObjectNode node, String key, double value) {
        if (Double.isFinite(value)) {
            node.put(key, rounded(value));
        } else {
            node.putNull(key);
        }
    }

    /** Keeps the page small; six digits are more than a screen can show. */
    private static double rounded(double value) {
        return new java.math.BigDecimal(value)
                .round(new java.math.MathContext(6))
                .doubleValue();
    }
}
