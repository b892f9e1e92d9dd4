package dev.lockstep.report;

import dev.lockstep.files.DurableFiles;
import dev.lockstep.metrics.Csv;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Writes figures as SVG, PNG and CSV files. */
final class StaticPlot {
    private static final int WIDTH = 900;
    private static final int HEIGHT = 540;
    private static final int DPI = 144;
    private static final int LEGEND_LINE = 20;
    private static final int LEGEND_CHARACTERS = 125;
    /** The width of the line sample before a name, in characters. */
    private static final int LEGEND_KEY = 7;

    /** The Okabe–Ito palette, which color-blind readers can distinguish, extended; the first color is for baselines. */
    private static final int[] PALETTE = {
        0x555555, 0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7, 0xE69F00, 0x56B4E9, 0x8A6D00, 0x7A3E9D, 0xA00000
    };

    private StaticPlot() {}

    /** Writes {@code <id>.svg}, {@code <id>.png} and {@code <id>.csv} for every figure that has points. */
    static void write(List<Figure> figures, Path folder) throws IOException {
        System.setProperty("java.awt.headless", "true");
        DurableFiles.createFolders(folder);
        for (Figure figure : figures) {
            if (!figure.isEmpty()) {
                XYChart chart = chart(figure);
                DurableFiles.write(folder.resolve(figure.id() + ".csv"), csv(figure));
                DurableFiles.write(folder.resolve(figure.id() + ".svg"), svg(chart));
                DurableFiles.write(folder.resolve(figure.id() + ".png"), png(chart));
            }
        }
    }

    private static byte[] svg(XYChart chart) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        VectorGraphicsEncoder.saveVectorGraphic(chart, out, VectorGraphicsEncoder.VectorGraphicsFormat.SVG);
        return out.toByteArray();
    }

    /** XChart sets the resolution only when it writes to a file. */
    private static byte[] png(XYChart chart) throws IOException {
        Path folder = Files.createTempDirectory("lockstep-plot");
        Path file = folder.resolve("plot.png");
        try {
            BitmapEncoder.saveBitmapWithDPI(chart, file.toString(), BitmapEncoder.BitmapFormat.PNG, DPI);
            return Files.readAllBytes(file);
        } finally {
            Files.deleteIfExists(file);
            Files.deleteIfExists(folder);
        }
    }

    private static XYChart chart(Figure figure) {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT + (isLegendLong(figure) ? figure.series().size() * LEGEND_LINE : 0))
                .title(figure.title())
                .xAxisTitle(figure.xLabel())
                .yAxisTitle(figure.yLabel())
                .build();
        style(chart.getStyler(), figure);
        if (!figure.bars()) {
            figure.series().stream()
                    .filter(series -> series.spread().length > 0)
                    .forEach(series -> band(chart, series, figure));
        }
        for (Series series : figure.series()) {
            add(chart, series, figure);
        }
        return chart;
    }

    private static String csv(Figure figure) {
        Csv csv = new Csv("series", figure.xLabel(), figure.yLabel(), "spread");
        for (Series series : figure.series()) {
            for (int i = 0; i < series.x().length; i++) {
                double spread = series.spread().length > 0 ? series.spread()[i] : Double.NaN;
                csv.row(series.name(), series.x()[i], series.y()[i], spread);
            }
        }
        return csv.toString();
    }

    /** Draws the spread on both sides of a curve as an area behind the curves. */
    private static void band(XYChart chart, Series series, Figure figure) {
        int[] points = IntStream.range(0, series.x().length)
                .filter(i -> Double.isFinite(series.y()[i]) && Double.isFinite(series.spread()[i]))
                .toArray();
        int n = points.length;
        double[] x = new double[2 * n];
        double[] y = new double[2 * n];
        for (int i = 0; i < n; i++) {
            int point = points[i];
            x[i] = x[2 * n - 1 - i] = series.x()[point];
            y[i] = series.y()[point] + series.spread()[point];
            y[2 * n - 1 - i] = series.y()[point] - series.spread()[point];
        }
        if (n > 1) {
            XYSeries area = chart.addSeries(bandName(series, figure), x, y);
            area.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.PolygonArea);
            area.setShowInLegend(false);
            Color color = color(series);
            area.setFillColor(new Color(color.getRed(), color.getGreen(), color.getBlue(), 46));
            area.setLineColor(new Color(0, true));
            area.setMarker(SeriesMarkers.NONE);
        }
    }

    /** A name, which is not shown, that differs from those of all curves. */
    private static String bandName(Series series, Figure figure) {
        String name = series.name() + " ±";
        while (figure.series().stream().map(Series::name).anyMatch(name::equals)) {
            name += "±";
        }
        return name;
    }

    private static Color color(Series series) {
        return new Color(PALETTE[series.color() % PALETTE.length]);
    }

    /** Whether the names do not fit on one line below the plot. */
    private static boolean isLegendLong(Figure figure) {
        return figure.series().stream()
                        .mapToInt(s -> s.name().length() + LEGEND_KEY)
                        .sum()
                > LEGEND_CHARACTERS;
    }

    private static void style(XYStyler style, Figure figure) {
        style.setChartBackgroundColor(Color.WHITE);
        style.setPlotBorderVisible(false);
        style.setPlotGridLinesColor(new Color(0xDDDDDD));
        style.setPlotGridLinesStroke(new BasicStroke(0.7f));
        style.setLegendPosition(LegendPosition.OutsideS);
        style.setLegendLayout(isLegendLong(figure) ? LegendLayout.Vertical : LegendLayout.Horizontal);
        style.setLegendBorderColor(Color.WHITE);
        style.setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 16));
        style.setXAxisLogarithmic(figure.logX());
        style.setErrorBarsColorSeriesColor(true);
        if (Double.isFinite(figure.top())) {
            style.setYAxisMax(figure.top());
        }
    }

    private static void add(XYChart chart, Series series, Figure figure) {
        int[] points = IntStream.range(0, series.x().length)
                .filter(i -> Double.isFinite(series.y()[i]))
                .toArray();
        double[] x = Arrays.stream(points).mapToDouble(i -> series.x()[i]).toArray();
        double[] y = Arrays.stream(points).mapToDouble(i -> series.y()[i]).toArray();
        boolean bars = figure.bars() && series.spread().length > 0;
        double[] spread = Arrays.stream(points)
                .mapToDouble(i -> bars && Double.isFinite(series.spread()[i]) ? series.spread()[i] : 0)
                .toArray();
        XYSeries added = bars ? chart.addSeries(series.name(), x, y, spread) : chart.addSeries(series.name(), x, y);
        added.setMarker(bars ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
        Color color = color(series);
        added.setLineColor(color);
        added.setMarkerColor(color);
        added.setLineStyle(
                series.dashed()
                        ? new BasicStroke(1.6f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, new float[] {5, 4}, 0)
                        : new BasicStroke(1.6f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND));
    }
}
