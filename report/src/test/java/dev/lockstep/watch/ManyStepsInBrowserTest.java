package dev.lockstep.watch;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.report.Browser;
import dev.lockstep.report.LiveFolder;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * A page that compares ten long runs stays smooth in a real Chromium, as the server sends at most 1,024 points of a curve.
 * {@code -Dlockstep.steps=100000} measures with more steps, and prints what it sees.
 */
@Tag("slow")
final class ManyStepsInBrowserTest {
    private static final int RUNS = 10;
    private static final int STEPS = Integer.getInteger("lockstep.steps", 3000);
    private static final int MOST_POINTS = 1024;
    /** Of a very busy machine without a graphics card; 10 runs with all their steps take minutes. */
    private static final double MOST_MILLIS = 5000;

    private static final double MOST_FRAME_MILLIS = 500;
    /** Moves the pointer along a plot in each frame, and returns the median and the longest pause between two frames. */
    private static final String SWEEP = """
            new Promise(done => {
              const over = document.querySelector('#loss .u-over'), r = over.getBoundingClientRect(), pauses = [];
              let i = 0, before = performance.now();
              const frame = now => {
                pauses.push(now - before);
                before = now;
                over.dispatchEvent(new MouseEvent('mousemove',
                  {bubbles: true, clientX: r.x + r.width * i / 90, clientY: r.y + r.height / 2}));
                if (++i < 90) requestAnimationFrame(frame);
                else {
                  const sorted = pauses.slice(1).sort((a, b) => a - b);
                  done({median: sorted[sorted.length >> 1], most: sorted[sorted.length - 1]});
                }
              };
              requestAnimationFrame(frame);
            })
            """;

    @TempDir(cleanup = CleanupMode.NEVER)
    @SuppressWarnings("NullAway.Init")
    private Path profile;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    /** Milliseconds until what a script changes is on the screen. */
    private static double shown(Browser browser, String script) {
        return browser.evaluateLater("new Promise(done => { const t = performance.now(); " + script
                        + "; requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - t))); })")
                .asDouble();
    }

    @Test
    void tenRunsCompared_staySmooth() throws Exception {
        Optional<Path> executable = Browser.executable();
        Assumptions.assumeTrue(executable.isPresent(), "no Chromium found (apt-get install chromium)");
        List<LiveFolder> runs = new ArrayList<>();
        for (int i = 0; i < RUNS; i++) {
            LiveFolder run = new LiveFolder(folder.resolve("run-" + i), "live", 0.1 + 0.01 * i, STEPS / 10, i);
            run.start(2);
            run.steps(STEPS);
            runs.add(run);
        }
        String query =
                runs.stream().map(run -> "run=" + run.folder().getFileName()).collect(Collectors.joining("&"));
        try (WatchServer server = WatchServer.start(List.of(folder), "127.0.0.1", 0);
                Browser browser = Browser.start(executable.get(), profile)) {
            long began = System.nanoTime();
            browser.open(URI.create(server.url() + "run?" + query), 1280, 900, false);
            say("first page, s", (System.nanoTime() - began) * 1e-9);
            browser.evaluate("document.querySelector('#loss').scrollIntoView({block: 'center', behavior: 'instant'})");
            double points = points(browser);
            say("points", points);
            assertThat(points).isBetween(MOST_POINTS / 2.0, (double) MOST_POINTS);
            double axis = shown(browser, "document.querySelector('[data-axis=step]').click()");
            double smooth = shown(
                    browser,
                    "(e => { e.value = 60; e.dispatchEvent(new Event('input')); })(document.querySelector('[data-smooth]'))");
            say("another axis, all five plots, ms", axis);
            say("smoothing, all five plots, ms", smooth);
            JsonNode sweep = browser.evaluateLater(SWEEP);
            say(
                    "pointer over five plots, median frame, ms",
                    sweep.path("median").asDouble());
            say("pointer over five plots, longest frame, ms", sweep.path("most").asDouble());
            browser.evaluate("new PerformanceObserver(l => l.getEntries().forEach(e => {"
                    + " document.body.dataset.longest = Math.max(document.body.dataset.longest || 0, e.duration); }))"
                    + ".observe({type: 'longtask'})");
            for (LiveFolder run : runs) {
                run.steps(10);
            }
            String end = "document.querySelector('#loss .plot').dataset.end === '" + (STEPS + 10) + "'";
            for (int i = 0; i < 300 && !browser.evaluate(end).asBoolean(); i++) {
                Thread.sleep(100);
            }
            assertThat(browser.evaluate(end).asBoolean())
                    .as("the update arrives")
                    .isTrue();
            say(
                    "update of ten runs, longest task, ms",
                    browser.evaluate("+(document.body.dataset.longest || 0)").asDouble());
            assertThat(axis).isLessThan(MOST_MILLIS);
            assertThat(smooth).isLessThan(MOST_MILLIS);
            assertThat(sweep.path("median").asDouble()).isLessThan(MOST_FRAME_MILLIS);
            assertThat(browser.complaints()).isEmpty();
        }
    }

    private static double points(Browser browser) {
        return browser.evaluate("+document.querySelector('#loss .plot').dataset.points")
                .asDouble();
    }

    private static void say(String what, double number) {
        System.out.printf(Locale.ROOT, "%,d steps x %d runs: %s = %.4g%n", STEPS, RUNS, what, number);
    }
}
