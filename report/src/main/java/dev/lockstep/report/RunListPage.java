package dev.lockstep.report;

import dev.lockstep.text.Format;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/** The first page of a server: the studies and runs in a folder. */
public final class RunListPage {
    private RunListPage() {}

    /**
     * The page.
     *
     * @param title of what is listed
     * @param runs in the order of the page
     * @param studies their names
     */
    public static LivePage of(String title, List<RunGlance> runs, List<String> studies) {
        Page page = new Page(title);
        if (!studies.isEmpty()) {
            page.element("h2", "Studies");
            Html list = new Html().open("ul");
            studies.forEach(study -> list.open("li")
                    .element("a", study, "href", "/study?study=" + encoded(study))
                    .close());
            page.html(list.close());
        }
        page.element("h2", "Runs");
        page.html(new Html()
                .open("p", "class", "tools")
                .element("button", "Compare the ticked runs", "type", "button", "data-compare", "", "disabled", "")
                .close());
        page.section("runs", "Runs", p -> table(p, runs));
        return new LivePage(page);
    }

    /** The way back to this page. */
    static Html home() {
        return new Html()
                .open("p", "class", "crumbs")
                .element("a", "← All runs", "href", "/")
                .close();
    }

    private static String encoded(String name) {
        return URLEncoder.encode(name, StandardCharsets.UTF_8);
    }

    private static void table(Page page, List<RunGlance> runs) {
        if (runs.isEmpty()) {
            page.element("p", "There is no run here yet. lockstep train RECIPE --out runs/NAME makes one.");
            return;
        }
        Html html = new Html()
                .open("div", "class", "wide")
                .open("table")
                .open("thead")
                .open("tr");
        for (String heading : List.of(
                "run", "state", "step", "loss", "validation error, %", "minibatch kn", "images/s", "time", "updated")) {
            html.element("th", heading, "scope", "col");
        }
        html.close().close().open("tbody");
        runs.forEach(run -> row(html, run));
        page.html(html.close().close().close());
    }

    private static void row(Html html, RunGlance run) {
        html.open("tr").open("th", "scope", "row").open("label");
        html.open(
                "input", "type", "checkbox", "name", "run", "value", run.name(), "aria-label", "compare " + run.name());
        html.close().text(" ").close();
        html.element("a", run.name(), "href", "/run?run=" + encoded(run.name())).close();
        html.open("td")
                .element("span", run.state(), "class", "state " + style(run.state()))
                .close();
        String of = run.totalSteps() == 0 ? "" : String.format(Locale.ROOT, " (%.0f %%)", Math.floor(100 * run.done()));
        html.element("td", Format.count(run.step()) + of);
        html.element("td", Format.number(run.loss()));
        html.element("td", Format.percentage(run.validationTop1Error()));
        html.element("td", Format.count(run.minibatch()));
        html.element("td", Format.whole(run.imagesPerSecond()));
        html.element("td", Format.duration(run.seconds()));
        html.element(
                "td", run.updated().replaceFirst("\\..*", "").replace('T', ' ').replace("Z", ""));
        html.close();
    }

    static String style(String state) {
        return switch (state) {
            case "no sign of life" -> "lost";
            case "stopped" -> "interrupted";
            default -> state;
        };
    }
}
