package dev.lockstep.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import dev.lockstep.text.Json;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Converts figures to the JSON that the page's script reads; null stands for a number that is unknown. */
final class FigureJson {
    private record Plot(String xLabel, String yLabel, boolean logX, boolean bars, double top, List<Curve> series) {
        static Plot of(Figure figure) {
            return new Plot(
                    figure.xLabel(),
                    figure.yLabel(),
                    figure.logX(),
                    figure.bars(),
                    rounded(figure.top()),
                    figure.series().stream().map(Curve::of).toList());
        }
    }

    @JsonInclude(JsonInclude.Include.NON_NULL)
    private record Curve(
            String name,
            int color,
            boolean dashed,
            List<Double> x,
            List<Double> y,
            @Nullable List<Double> spread,
            @Nullable List<Double> step,
            @Nullable List<Double> time,
            @Nullable List<Double> low,
            @Nullable List<Double> high) {
        static Curve of(Series series) {
            return new Curve(
                    series.name(),
                    series.color(),
                    series.dashed(),
                    numbers(series.x()),
                    numbers(series.y()),
                    optional(series.spread()),
                    optional(series.steps()),
                    optional(series.seconds()),
                    optional(series.low()),
                    optional(series.high()));
        }

        private static @Nullable List<Double> optional(double[] values) {
            return values.length == 0 ? null : numbers(values);
        }

        private static List<Double> numbers(double[] values) {
            return Arrays.stream(values).map(FigureJson::rounded).boxed().toList();
        }
    }

    private FigureJson() {}

    static String of(List<Figure> figures) {
        return json(plots(figures));
    }

    /** The JSON of each figure, by its id. */
    static Map<String, String> each(List<Figure> figures) {
        Map<String, String> each = new LinkedHashMap<>();
        figures.forEach(figure -> each.put(figure.id(), json(Plot.of(figure))));
        return each;
    }

    /**
     * What has changed on a live page.
     *
     * @param figures the JSON of each
     */
    static String update(String title, Map<String, String> sections, Map<String, String> figures) {
        ObjectNode update = Json.MAPPER.createObjectNode().put("title", title);
        ObjectNode html = update.putObject("sections");
        sections.forEach(html::put);
        ObjectNode plots = update.putObject("figures");
        figures.forEach((id, json) -> plots.putRawValue(id, new RawValue(json)));
        return json(update);
    }

    private static Map<String, Plot> plots(List<Figure> figures) {
        Map<String, Plot> plots = new LinkedHashMap<>();
        figures.forEach(figure -> plots.put(figure.id(), Plot.of(figure)));
        return plots;
    }

    private static String json(Object document) {
        try {
            // A string must not end the script element, or start a comment or another script in it.
            return Json.MAPPER.writeValueAsString(document).replace("<", "\\u003c");
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Keeps the page small; six digits are more than a screen can show. */
    private static double rounded(double value) {
        return Double.isFinite(value)
                ? new BigDecimal(value).round(new MathContext(6)).doubleValue()
                : value;
    }
}
