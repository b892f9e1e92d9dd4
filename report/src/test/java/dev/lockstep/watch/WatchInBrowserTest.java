package dev.lockstep.watch;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.report.Browser;
import dev.lockstep.report.LiveFolder;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** The live pages in a real Chromium. Screenshots are kept in {@code target/screenshots}. */
@Tag("slow")
final class WatchInBrowserTest {
    private static final String LOSS = "document.querySelector('#loss .plot').dataset";

    @TempDir(cleanup = CleanupMode.NEVER)
    @SuppressWarnings("NullAway.Init")
    private Path profile;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @SuppressWarnings("NullAway.Init")
    private LiveFolder run;

    @BeforeEach
    void begin() throws IOException {
        run = live("first", 0.1, 1);
    }

    private LiveFolder live(String name, double reference, long seed) throws IOException {
        LiveFolder live = new LiveFolder(folder.resolve("runs").resolve(name), "live", reference, 58, seed);
        live.start(4);
        live.steps(100);
        live.checkpoint();
        live.workers(4, 2);
        return live;
    }

    private Browser browser() throws IOException, InterruptedException {
        Optional<Path> executable = Browser.executable();
        String without = "no Chromium found: the live page is not looked at (apt-get install chromium)";
        if (System.getenv("LOCKSTEP_ALL_TESTS") != null) {
            assertThat(executable).as(without).isPresent();
        }
        Assumptions.assumeTrue(executable.isPresent(), without);
        return Browser.start(executable.get(), profile);
    }

    private WatchServer server() {
        return server(0);
    }

    private WatchServer server(int port) {
        return WatchServer.start(List.of(folder.resolve("runs")), "127.0.0.1", port);
    }

    private static void dark(Browser browser) {
        browser.call(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", "dark"))));
    }

    private static void keep(Browser browser, String name) throws IOException {
        browser.screenshot(
                Files.createDirectories(Path.of("target", "screenshots")).resolve(name));
    }

    /** Polls until an expression is true in the page. */
    private static void await(Browser browser, String condition) throws InterruptedException {
        boolean is = false;
        for (int i = 0; i < 150 && !is; i++) {
            is = browser.evaluate("!!(" + condition + ")").asBoolean();
            Thread.sleep(is ? 0 : 100);
        }
        assertThat(is).as(condition).isTrue();
    }

    private static String text(String section) {
        return "document.getElementById('" + section + "').textContent";
    }

    @Test
    void livePage_growsWithTheRun_andKeepsItsZoom() throws Exception {
        try (WatchServer server = server();
                Browser browser = browser()) {
            browser.open(URI.create(server.url()), 1280, 900, false);
            await(browser, text("vitals") + ".includes('100 of 580')");
            assertThat(browser.evaluate(text("vitals")).asText()).contains("bits verified to step100", "time left");
            browser.evaluate("document.querySelector('[data-axis=step]').click()");
            run.steps(50);
            run.alert("LOSS_SPIKE", "loss = 9 at step 150, the median of the last 50 steps is 2");
            await(browser, text("vitals") + ".includes('150 of 580')");
            await(browser, "document.querySelector('#loss .plot').dataset.end === '150'");
            assertThat(browser.evaluate(text("attention")).asText()).contains("loss spike");
            keep(browser, "live-desk.png");
            assertThat(browser.complaints()).isEmpty();
        }
    }

    @Test
    void zoomedCurve_getsFinerPoints_andKeepsThemAsTheRunGoesOn() throws Exception {
        run.steps(3900);
        try (WatchServer server = server();
                Browser browser = browser()) {
            browser.open(URI.create(server.url()), 1280, 900, false);
            await(browser, text("vitals") + ".includes('4,000 of 580')");
            browser.evaluate("document.querySelector('[data-axis=step]').click()");
            drag(browser, 0.25, 0.35);
            await(browser, LOSS + ".width < 450");
            await(browser, LOSS + ".width > 350 && " + LOSS + ".points >= " + LOSS + ".width");
            run.steps(30);
            await(browser, LOSS + ".end === '4030'");
            await(browser, LOSS + ".width < 450 && " + LOSS + ".points >= " + LOSS + ".width");
            keep(browser, "live-zoom.png");
            browser.evaluate("document.querySelector('[data-reset]').click()");
            await(browser, LOSS + ".width > 4000 && " + LOSS + ".points < 1025");
            assertThat(browser.complaints()).isEmpty();
        }
    }

    /** Zooms the plot of the loss by the mouse, between two fractions of its width. */
    private static void drag(Browser browser, double from, double to) {
        browser.evaluate("document.querySelector('#loss').scrollIntoView({block: 'center', behavior: 'instant'})");
        JsonNode plot = browser.evaluate("(r => ({x: r.x, y: r.y + r.height / 2, w: r.width}))"
                + "(document.querySelector('#loss .u-over').getBoundingClientRect())");
        double left = plot.path("x").asDouble();
        double width = plot.path("w").asDouble();
        double y = plot.path("y").asDouble();
        browser.mouse("mousePressed", left + from * width, y);
        browser.mouse("mouseMoved", left + (from + to) / 2 * width, y);
        browser.mouse("mouseMoved", left + to * width, y);
        browser.mouse("mouseReleased", left + to * width, y);
    }

    @Test
    void livePage_afterTheServerWasKilled_reconnects() throws Exception {
        try (Browser browser = browser()) {
            WatchServer first = server();
            int port = first.port();
            browser.open(URI.create(first.url()), 1280, 900, false);
            await(browser, "document.querySelector('.connection').textContent === 'live'");
            first.close();
            await(browser, "document.querySelector('.connection.off')");
            run.steps(20);
            try (WatchServer second = server(port)) {
                assertThat(second.port()).isEqualTo(port);
                await(browser, text("vitals") + ".includes('120 of 580')");
                assertThat(browser.evaluate("document.querySelector('.connection').textContent")
                                .asText())
                        .isEqualTo("live");
            }
        }
    }

    @Test
    void livePage_ofAnElasticRun_losesAProcess() throws Exception {
        try (WatchServer server = server();
                Browser browser = browser()) {
            browser.open(URI.create(server.url()), 1280, 900, false);
            await(browser, "document.querySelectorAll('.process').length === 4");
            assertThat(browser.evaluate("document.querySelector('.process.late').textContent")
                            .asText())
                    .contains("rank 2", "late");
            run.group(3, "rank 2 on node2 was killed by signal 9");
            run.event("notice", "rank 2 on node2 was killed by signal 9; 3 processes continue from step 100");
            run.alert("PROCESS_LOST", "rank 2 on node2 was killed by signal 9; processes = 3 (before: 4)");
            run.steps(10);
            run.workers(3, -1);
            await(browser, "document.querySelectorAll('.process').length === 3");
            assertThat(browser.evaluate(text("vitals")).asText()).contains("3 × 2");
            assertThat(browser.evaluate(text("attention")).asText()).contains("process lost");
            assertThat(browser.evaluate(text("time")).asText()).contains("No process is late");
        }
    }

    @Test
    void comparison_showsWhatDiffersAndWhereTheRunsPart() throws Exception {
        live("second", 0.2, 2);
        try (WatchServer server = server();
                Browser browser = browser()) {
            browser.open(URI.create(server.url() + "run?run=first&run=second"), 1280, 900, false);
            assertThat(browser.evaluate(text("difference")).asText())
                    .contains("learning-rate.reference", "part at step 1:");
            keep(browser, "live-compare.png");
            browser.evaluate("document.querySelector('[data-log]').click()");
            assertThat(browser.evaluate("document.querySelectorAll('.plot canvas').length")
                            .asInt())
                    .isEqualTo(5);
            assertThat(browser.complaints()).isEmpty();
        }
    }

    @Test
    void list_comparesTheTickedRuns() throws Exception {
        live("second", 0.2, 2);
        try (WatchServer server = server();
                Browser browser = browser()) {
            browser.size(1280, 700, false);
            browser.call("Page.enable", Map.of());
            browser.call("Page.navigate", Map.of("url", server.url()));
            await(browser, "document.querySelectorAll('input[name=run]').length === 2");
            keep(browser, "live-list.png");
            browser.evaluate("document.querySelectorAll('input[name=run]').forEach(box => box.click())");
            run.steps(7);
            await(browser, "document.getElementById('runs').textContent.includes('107 (18 %)')");
            browser.evaluate("document.querySelector('[data-compare]').click()");
            await(browser, "document.getElementById('difference')");
            assertThat(browser.evaluate("location.search").asText()).contains("run=first", "run=second");
        }
    }

    @Test
    void livePage_onAPhoneInTheDark_fits() throws Exception {
        try (WatchServer server = server();
                Browser browser = browser()) {
            dark(browser);
            browser.open(URI.create(server.url()), 390, 844, true);
            await(browser, text("vitals") + ".includes('100 of 580')");
            assertThat(browser.evaluate("document.documentElement.scrollWidth").asInt())
                    .isEqualTo(390);
            assertThat(browser.evaluate("getComputedStyle(document.body).backgroundColor")
                            .asText())
                    .isEqualTo("rgb(22, 24, 26)");
            keep(browser, "live-phone-dark.png");
            assertThat(browser.complaints()).isEmpty();
        }
    }

    @Test
    void hostileTexts_showAsText() throws Exception {
        String wild = "<img src=x onerror=\"document.title='owned'\">";
        LiveFolder hostile = live(wild, 0.1, 3);
        hostile.event("notice", wild + "</script><script>document.title='owned'</script>");
        // The folder of a class, in the name of an image.
        hostile.event("notice", "image was replaced: train/" + wild.replace("x", "y") + "/7.png");
        hostile.alert("STALL", wild);
        try (WatchServer server = server();
                Browser browser = browser()) {
            browser.open(URI.create(server.url() + "run?run=first&run=" + Query.encoded(wild)), 1280, 900, false);
            await(browser, text("news") + ".includes('<img src=x')");
            await(browser, text("news") + ".includes('train/<img src=y')");
            assertThat(browser.evaluate("document.querySelectorAll('img').length")
                            .asInt())
                    .isZero();
            assertThat(browser.evaluate("document.title").asText()).isEqualTo("2 runs");
            assertThat(browser.complaints()).isEmpty();
        }
    }
}
