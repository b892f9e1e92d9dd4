package dev.lockstep.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import dev.lockstep.text.Json;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Converts figures to the JSON that the page's script reads: one x column for all series, and null where a series has
 * no point.
 */
final class FigureJson {
    private record Plot(
            String xLabel, String yLabel, boolean logX, boolean bars, double top, List<Double> x, List<Curve> series) {
        static Plot of(Figure figure) {
            double[] xs = figure.xs();
            return new Plot(
                    figure.xLabel(),
                    figure.yLabel(),
                    figure.logX(),
                    figure.bars(),
                    rounded(figure.top()),
                    Arrays.stream(xs).map(FigureJson::rounded).boxed().toList(),
                    figure.series().stream().map(series -> Curve.of(series, xs)).toList());
        }
    }

    private record Curve(
            String name,
            int color,
            boolean dashed,
            List<Double> y,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            List<Double> spread) {
        static Curve of(Series series, double[] xs) {
            return new Curve(
                    series.name(),
                    series.color(),
                    series.dashed(),
                    column(series.x(), series.y(), xs),
                    series.spread().length > 0 ? column(series.x(), series.spread(), xs) : null);
        }
    }

    private FigureJson() {}

    static String of(List<Figure> figures) {
        Map<String, Plot> plots = new LinkedHashMap<>();
        figures.forEach(figure -> plots.put(figure.id(), Plot.of(figure)));
        try {
            // A string must not end the script element, or start a comment or another script in it.
            return Json.MAPPER.writeValueAsString(plots).replace("<", "\\u003c");
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<Double> column(double[] x, double[] values, double[] xs) {
        List<Double> column = new ArrayList<>();
        int next = 0;
        for (double at : xs) {
            double value = Double.NaN;
            while (next < x.length && x[next] <= at) {
                value = x[next] == at ? values[next] : value;
                next++;
            }
            column.add(rounded(value));
        }
        return column;
    }

    /** Keeps the page small; six digits are more than a screen can show. */
    private static double rounded(double value) {
        return Double.isFinite(value)
                ? new BigDecimal(value).round(new MathContext(6)).doubleValue()
                : value;
    }
}
