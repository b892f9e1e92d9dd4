package dev.lockstep.report;

import dev.lockstep.errors.Printable;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.metrics.Csv;
import dev.lockstep.text.ShellWords;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;

/** A self-contained HTML page: styles, scripts, plots and data are embedded. Built from top to bottom. */
final class Page {
    private static final String UPLOT_PROPERTIES = "/META-INF/maven/org.webjars.npm/uplot/pom.properties";

    private final String title;
    private final StringBuilder body = new StringBuilder();
    private final List<Figure> figures = new ArrayList<>();
    private final List<String> tables = new ArrayList<>();

    Page(String title) {
        this.title = title;
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

    @Override
    public String toString() {
        return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                + RunReport.GENERATOR
                + "<meta name=\"color-scheme\" content=\"light dark\">\n"
                + "<title>" + escape(title) + "</title>\n"
                + "<style>" + uplot("uPlot.min.css") + resource("page.css") + "</style>\n</head>\n<body>\n<main>\n"
                + body
                + "<noscript><p>The plots need JavaScript. Nothing is loaded from the network.</p></noscript>\n"
                + "</main>\n<script type=\"application/json\" id=\"figures\">" + FigureJson.of(figures) + "</script>\n"
                + "<script>" + uplot("uPlot.iife.min.js") + "</script>\n"
                + "<script>" + resource("page.js") + "</script>\n</body>\n</html>\n";
    }

    /** Writes the page atomically. */
    void write(Path file) throws IOException {
        Path parent = file.toAbsolutePath().getParent();
        if (parent != null) {
            DurableFiles.createFolders(parent);
        }
        DurableFiles.write(file, toString());
    }

    private static String resource(String name) {
        return text("/dev/lockstep/report/" + name);
    }

    private static String uplot(String name) {
        Properties properties = new Properties();
        try (InputStream in = open(UPLOT_PROPERTIES)) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text("/META-INF/resources/webjars/uplot/" + properties.getProperty("version") + "/dist/" + name);
    }

    private static String text(String path) {
        try (InputStream in = open(path)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static InputStream open(String path) {
        InputStream in = Page.class.getResourceAsStream(path);
        if (in == null) {
            throw new IllegalStateException("missing resource " + path);
        }
        return in;
    }
}
