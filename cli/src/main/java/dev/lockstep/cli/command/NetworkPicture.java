package dev.lockstep.cli.command;

import dev.lockstep.network.NetworkGraph;
import dev.lockstep.network.NetworkGraph.Node;
import dev.lockstep.text.Format;
import java.util.Locale;

/** A network drawn as SVG: one line for each operation, from top to bottom, and curves for values that skip some. */
final class NetworkPicture {
    private static final String MARK = "<!-- drawn by lockstep model -->";
    private static final int LEFT = 150;
    private static final int WIDTH = 700;
    private static final int ROW = 26;
    private static final int BOX = 20;
    private static final int TOP = 50;

    private NetworkPicture() {}

    /** Whether a file with this beginning is a picture of ours. */
    static boolean isOurs(String start) {
        return start.contains(MARK);
    }

    static String of(NetworkGraph graph, String name) {
        int height = TOP + ROW * graph.nodes().size() + 10;
        StringBuilder svg = new StringBuilder();
        svg.append(String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">%n",
                LEFT + WIDTH + 10,
                height));
        svg.append(MARK).append('\n');
        svg.append("<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
        svg.append(String.format(
                Locale.ROOT,
                "<text x=\"%d\" y=\"28\" font-size=\"16\">%s: %s parameters</text>%n",
                LEFT,
                escaped(name),
                Format.count(graph.shape().parameters())));
        for (int i = 0; i < graph.nodes().size(); i++) {
            for (int input : graph.nodes().get(i).inputs()) {
                edge(svg, input, i);
            }
            box(svg, i, graph.nodes().get(i));
        }
        return svg.append("</svg>\n").toString();
    }

    private static int y(int node) {
        return TOP + ROW * node;
    }

    private static void edge(StringBuilder svg, int from, int to) {
        if (to == from + 1) {
            svg.append(String.format(
                    Locale.ROOT, "<path d=\"M%d %d V%d\" stroke=\"#555\"/>%n", LEFT + 60, y(from) + BOX, y(to)));
            return;
        }
        int bend = LEFT - Math.min(140, 20 + 8 * (to - from));
        svg.append(String.format(
                Locale.ROOT,
                "<path d=\"M%d %d C%d %d %d %d %d %d\" fill=\"none\" stroke=\"#999\"/>%n",
                LEFT,
                y(from) + BOX / 2,
                bend,
                y(from) + BOX / 2,
                bend,
                y(to) + BOX / 2,
                LEFT,
                y(to) + BOX / 2));
    }

    private static void box(StringBuilder svg, int index, Node node) {
        String fill =
                node.parameters().isEmpty() ? "#f2f2f2" : node.operation().statistics() > 0 ? "#e3eef9" : "#cfe3c9";
        svg.append(String.format(
                Locale.ROOT,
                "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\" fill=\"%s\" stroke=\"#888\"/>%n",
                LEFT,
                y(index),
                WIDTH,
                BOX,
                fill));
        text(svg, LEFT + 8, index, node.name());
        if (index > 0) {
            text(svg, LEFT + 250, index, node.operation().label());
        }
        text(svg, LEFT + 520, index, ModelCommand.text(node.output()));
        long parameters =
                node.parameters().stream().mapToLong(it -> it.length()).sum();
        if (parameters > 0) {
            text(svg, LEFT + 620, index, Format.count(parameters));
        }
    }

    private static void text(StringBuilder svg, int x, int index, String text) {
        svg.append(String.format(Locale.ROOT, "<text x=\"%d\" y=\"%d\">%s</text>%n", x, y(index) + 14, escaped(text)));
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
