package dev.lockstep.report;

import dev.lockstep.errors.Printable;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.metrics.Csv;
import dev.lockstep.text.ShellWords;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** A self-contained HTML page: styles, scripts, plots and data are embedded. Built from top to bottom. */
final class Page {
    private final String title;
    private final StringBuilder body = new StringBuilder();
    private final List<Figure> figures = new ArrayList<>();
    private final List<String> tables = new ArrayList<>();
    private final Map<String, String> sections = new LinkedHashMap<>();

    Page(String title) {
        this("", title);
    }

    /** @param above markup above the title */
    Page(String above, String title) {
        this.title = title;
        html(above);
        element("h1", title);
    }

    /** Escapes text for HTML, both between tags and in quoted attributes. */
    static String escape(String text) {
        return Printable.lines(text)
                .replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    /** Quotes words of a shell command, each preceded by a space. */
    static String arguments(List<String> words) {
        return words.stream().map(word -> " " + quoted(word)).collect(Collectors.joining());
    }

    /** Quotes a word of a shell command. */
    static String quoted(String word) {
        return ShellWords.quoted(word);
    }

    Page element(String tag, String text) {
        body.append('<')
                .append(tag)
                .append('>')
                .append(escape(text))
                .append("</")
                .append(tag)
                .append(">\n");
        return this;
    }

    /**
     * Appends a part of the page that a live page replaces when it changes.
     *
     * @param id letters and hyphens
     * @param label names it for screen readers
     */
    Page section(String id, String label, Consumer<Page> content) {
        body.append("<section id=\"")
                .append(id)
                .append("\" aria-label=\"")
                .append(escape(label))
                .append("\">\n");
        int start = body.length();
        content.accept(this);
        sections.put(id, body.substring(start));
        return html("</section>");
    }

    /** The content of each section, by its id. */
    Map<String, String> sections() {
        return Map.copyOf(sections);
    }

    /** Appends markup whose texts are escaped already. */
    Page html(Html markup) {
        return html(markup.toString());
    }

    /** Appends markup unchanged. */
    Page html(String markup) {
        body.append(markup).append('\n');
        return this;
    }

    /** Appends a paragraph for each part of a text that is separated by blank lines. */
    Page paragraphs(String text) {
        for (String part : text.strip().split("\\n\\s*\\n")) {
            if (!part.isBlank()) {
                element("p", part.strip());
            }
        }
        return this;
    }

    /** Appends a table. The first column is text, the others are numbers. */
    Page table(List<String> header, List<List<String>> rows) {
        Csv csv = new Csv(header.toArray());
        rows.forEach(row -> csv.row(row.toArray()));
        tables.add(csv.toString());
        body.append("<div class=\"wide\"><table><thead><tr>");
        header.forEach(
                cell -> body.append("<th scope=\"col\">").append(escape(cell)).append("</th>"));
        body.append("</tr></thead><tbody>\n");
        for (List<String> row : rows) {
            body.append("<tr>");
            for (int i = 0; i < row.size(); i++) {
                String tag = i == 0 ? "th scope=\"row\"" : "td";
                body.append('<').append(tag).append('>').append(escape(row.get(i)));
                body.append(i == 0 ? "</th>" : "</td>");
            }
            body.append("</tr>\n");
        }
        body.append("</tbody></table></div>\n");
        return this;
    }

    /** Appends a list of names and values. */
    Page facts(Map<String, String> facts) {
        body.append("<dl>");
        facts.forEach((name, value) -> body.append("<dt>")
                .append(escape(name))
                .append("</dt><dd>")
                .append(escape(value))
                .append("</dd>"));
        return html("</dl>");
    }

    /** Appends a collapsible box with preformatted text. */
    Page details(String summary, String text) {
        body.append("<details><summary>").append(escape(summary)).append("</summary><pre>");
        body.append(escape(text)).append("</pre></details>\n");
        return this;
    }

    Page command(String text) {
        return html("<pre class=\"command\">" + escape(text) + "</pre>");
    }

    /** Appends a plot, unless it has no points. */
    Page figure(Figure figure) {
        if (figure.isEmpty()) {
            return this;
        }
        figures.add(figure);
        body.append("<figure id=\"").append(figure.id()).append("\"><h3>").append(escape(figure.title()));
        body.append("</h3><div class=\"plot\" data-figure=\"")
                .append(figure.id())
                .append("\" role=\"img\" aria-label=\"");
        body.append(escape(figure.title() + ": " + figure.yLabel() + " against " + figure.xLabel()));
        body.append("\"></div><figcaption>").append(escape(figure.caption())).append("</figcaption></figure>\n");
        return this;
    }

    List<Figure> figures() {
        return List.copyOf(figures);
    }

    /** All tables as CSV, from top to bottom. */
    List<String> tables() {
        return List.copyOf(tables);
    }

    /** The page as one file: everything is embedded, and its policy allows nothing else. */
    @Override
    public String toString() {
        String style = Assets.style();
        String plots = Assets.plots();
        String script = Assets.script();
        return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                + head()
                + "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                + Assets.hash(style) + "; script-src " + Assets.hash(plots) + " " + Assets.hash(script)
                + "; base-uri 'none'; form-action 'none'\">\n"
                + "<style>" + style + "</style>\n</head>\n<body>\n<main>\n"
                + body
                + "<noscript><p>The plots need JavaScript. Nothing is loaded from the network.</p></noscript>\n"
                + "</main>\n" + data("figures", FigureJson.of(figures))
                + "<script>" + plots + "</script>\n"
                + "<script type=\"module\">" + script + "</script>\n</body>\n</html>\n";
    }

    /**
     * The page as a server gives it: styles and scripts are files of the server, and what changes comes as events.
     *
     * @param events where they come from; empty for a page that does not change
     */
    String live(String events) {
        return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                + head()
                + "<link rel=\"stylesheet\" href=\"/page.css\">\n<link rel=\"icon\" href=\"/icon.svg\">\n"
                + "</head>\n<body data-events=\"" + escape(events) + "\">\n<main>\n"
                + body
                + "<noscript><p>The plots and live numbers need JavaScript.</p></noscript>\n"
                + "</main>\n" + data("figures", FigureJson.of(figures))
                + "<script src=\"/plots.js\"></script>\n"
                + "<script type=\"module\" src=\"/page.js\"></script>\n</body>\n</html>\n";
    }

    String title() {
        return title;
    }

    private String head() {
        return "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                + RunReport.GENERATOR
                + "<meta name=\"color-scheme\" content=\"light dark\">\n"
                + "<title>" + escape(title) + "</title>\n";
    }

    private static String data(String id, String json) {
        return "<script type=\"application/json\" id=\"" + id + "\">" + json + "</script>\n";
    }

    /** Writes the page atomically. */
    void write(Path file) throws IOException {
        Path parent = file.toAbsolutePath().getParent();
        if (parent != null) {
            DurableFiles.createFolders(parent);
        }
        DurableFiles.write(file, toString());
    }
}
