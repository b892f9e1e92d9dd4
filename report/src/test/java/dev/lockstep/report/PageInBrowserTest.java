package dev.lockstep.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.study.Study;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** Clicks through a report in headless Chromium, at the widths of a phone and of a desktop screen. */
@Tag("slow")
final class PageInBrowserTest {
    @TempDir(cleanup = CleanupMode.NEVER)
    @SuppressWarnings("NullAway.Init")
    private Path profile;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    /** {@code .ci/run} sets LOCKSTEP_ALL_TESTS, so that CI cannot skip the test. */
    private Browser browser() throws IOException, InterruptedException {
        Optional<Path> executable = Browser.executable();
        String without = "no Chromium found: the report is not clicked through (apt-get install chromium)";
        if (System.getenv("LOCKSTEP_ALL_TESTS") != null) {
            assertThat(executable).as(without).isPresent();
        }
        Assumptions.assumeTrue(executable.isPresent(), without);
        return Browser.start(executable.get(), profile);
    }

    private Path studyPage() {
        Study study = FakeRuns.study(folder);
        Path out = folder.resolve("out");
        StudyReport.write(study, FakeRuns.results(study, out), out);
        return out.resolve(StudyReport.NAME);
    }

    @Test
    void studyPage_onAPhone_fitsAndShowsEveryPlot() throws Exception {
        try (Browser browser = browser()) {
            browser.open(studyPage(), 390, 844, true);
            keepScreenshot(browser, "study-phone.png");
            assertThat(browser.evaluate("innerWidth").asInt()).isEqualTo(390);
            assertThat(browser.evaluate("document.documentElement.scrollWidth").asInt())
                    .isEqualTo(390);
            assertThat(browser.evaluate("document.querySelectorAll('.plot canvas').length")
                            .asInt())
                    .isEqualTo(4);
            assertThat(browser.evaluate("getComputedStyle(document.body).fontSize")
                            .asText())
                    .isEqualTo("16px");
            assertThat(browser.evaluate(
                                    "document.querySelector('.answer').getBoundingClientRect().top < innerHeight / 2")
                            .asBoolean())
                    .isTrue();
            assertThat(browser.complaints()).isEmpty();
        }
    }

    @Test
    void studyPage_onADesktop_hoversZoomsAndCompares() throws Exception {
        try (Browser browser = browser()) {
            browser.open(studyPage(), 1280, 900, false);
            keepScreenshot(browser, "study-desk.png");
            assertThat(browser.evaluate("document.documentElement.scrollWidth").asInt())
                    .isEqualTo(1280);
            hoverAndZoom(browser);
            compare(browser);
            assertThat(browser.complaints()).isEmpty();
        }
    }

    @Test
    void studyPage_showsFigure1WithBarsOnALogarithmicAxis() throws Exception {
        try (Browser browser = browser()) {
            browser.open(studyPage(), 1280, 900, false);
            JsonNode data = browser.evaluate(
                    "JSON.parse(document.getElementById('figures').textContent)['error-by-minibatch']");
            assertThat(data.path("logX").asBoolean()).isTrue();
            assertThat(data.path("bars").asBoolean()).isTrue();
            assertThat(browser.complaints()).isEmpty();
        }
    }

    @Test
    void page_inPrint_showsEveryRecipeAndEveryPlot() throws Exception {
        try (Browser browser = browser()) {
            browser.open(studyPage(), 390, 844, true);
            browser.evaluate("dispatchEvent(new Event('beforeprint'))");
            assertThat(browser.evaluate("[...document.querySelectorAll('details')].every(d => d.open)")
                            .asBoolean())
                    .isTrue();
            assertThat(browser.evaluate("document.querySelector('.plot .u-over').getBoundingClientRect().width")
                            .asDouble())
                    .isGreaterThan(500);
            keepPdf(browser, "study.pdf");
            browser.evaluate("dispatchEvent(new Event('afterprint'))");
            assertThat(browser.evaluate("[...document.querySelectorAll('details')].some(d => d.open)")
                            .asBoolean())
                    .isFalse();
            assertThat(browser.complaints()).isEmpty();
        }
    }

    @Test
    void runPage_onAPhone_fitsAndShowsItsCurves() throws Exception {
        Path run = FakeRuns.run(folder, "first");
        RunReport.write(run, List.of(), 40);
        try (Browser browser = browser()) {
            browser.open(run.resolve(RunReport.NAME), 390, 844, true);
            keepScreenshot(browser, "run-phone.png");
            assertThat(browser.evaluate("document.documentElement.scrollWidth").asInt())
                    .isEqualTo(390);
            assertThat(browser.evaluate("document.querySelectorAll('.plot canvas').length")
                            .asInt())
                    .isEqualTo(4);
            assertThat(browser.evaluate("document.body.textContent.includes('--out runs/again/first')")
                            .asBoolean())
                    .isTrue();
            assertThat(browser.complaints()).isEmpty();
        }
    }

    /** The numbers under the pointer follow it, a drag zooms, a button shows the whole range again. */
    private void hoverAndZoom(Browser browser) {
        assertThat(legend(browser).get(0)).isEqualTo("–");
        assertHoverShows(browser, 0.02, "1");
        assertThat(legend(browser).get(1)).contains(" ± ");
        assertHoverShows(browser, 0.98, "20");
        JsonNode plot = plotArea(browser);
        browser.mouse("mousePressed", x(plot, 0.5), y(plot));
        browser.mouse("mouseMoved", x(plot, 0.6), y(plot));
        browser.mouse("mouseMoved", x(plot, 0.75), y(plot));
        browser.mouse("mouseReleased", x(plot, 0.75), y(plot));
        assertHoverShows(browser, 0.02, "10|11|12");
        assertHoverShows(browser, 0.98, "14|15|16");
        browser.evaluate("document.querySelector('#training-error .tools button').click()");
        assertHoverShows(browser, 0.02, "1");
    }

    /** A button shows only the baseline and one variant. */
    private void compare(Browser browser) {
        assertThat(shown(browser)).containsExactly("kn = 64", "kn = 512, gradual warmup", "kn = 512, no warmup");
        browser.evaluate("document.querySelector('[data-only=\"kn = 512, no warmup\"]').click()");
        assertThat(shown(browser)).containsExactly("kn = 64", "kn = 512, no warmup");
        assertThat(browser.evaluate("document.querySelectorAll('[aria-pressed=true]').length")
                        .asInt())
                .isEqualTo(1);
        browser.evaluate("document.querySelector('[data-only=\"\"]').click()");
        assertThat(shown(browser)).hasSize(3);
        browser.evaluate("document.querySelector('details summary').click()");
        assertThat(browser.evaluate("document.querySelector('details').open").asBoolean())
                .isTrue();
    }

    private static List<String> shown(Browser browser) {
        return strings(
                browser.evaluate(
                        "[...document.querySelectorAll('#training-error .u-series:not(.u-off) .u-label')].slice(1).map(e => e.textContent)"));
    }

    private static List<String> legend(Browser browser) {
        return strings(
                browser.evaluate("[...document.querySelectorAll('#training-error .u-value')].map(e => e.textContent)"));
    }

    private static List<String> strings(JsonNode array) {
        List<String> strings = new java.util.ArrayList<>();
        array.forEach(node -> strings.add(node.asText()));
        return strings;
    }

    /** With the pointer at a fraction of the plot's width, the legend shows one of the given epochs. */
    private static void assertHoverShows(Browser browser, double fraction, String epochs) {
        JsonNode plot = plotArea(browser);
        for (int i = 0; i < 100 && !legend(browser).get(0).matches(epochs); i++) {
            browser.hover(x(plot, fraction) + i % 2, y(plot));
        }
        assertThat(legend(browser).get(0)).matches(epochs);
    }

    private static JsonNode plotArea(Browser browser) {
        browser.evaluate(
                "document.querySelector('#training-error').scrollIntoView({block: 'center', behavior: 'instant'})");
        return browser.evaluate(
                "(r => ({x: r.x, y: r.y, w: r.width, h: r.height}))(document.querySelector('#training-error .u-over').getBoundingClientRect())");
    }

    private static double x(JsonNode plot, double fraction) {
        return plot.path("x").asDouble() + fraction * plot.path("w").asDouble();
    }

    private static double y(JsonNode plot) {
        return plot.path("y").asDouble() + plot.path("h").asDouble() / 2;
    }

    private static void keepPdf(Browser browser, String name) throws IOException {
        byte[] pdf = java.util.Base64.getDecoder()
                .decode(browser.call("Page.printToPDF", java.util.Map.of())
                        .path("data")
                        .asText());
        assertThat(pdf).hasSizeGreaterThan(10_000);
        Files.write(Files.createDirectories(Path.of("target", "screenshots")).resolve(name), pdf);
    }

    /** Saves a screenshot for visual inspection. */
    private static void keepScreenshot(Browser browser, String name) throws IOException {
        browser.screenshot(
                Files.createDirectories(Path.of("target", "screenshots")).resolve(name));
    }
}
