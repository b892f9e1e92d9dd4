package dev.lockstep.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.launch.Terminal;
import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.RunInfo;
import dev.lockstep.metrics.StepMetrics;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class ProgressSinkTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    private final AtomicLong nanos = new AtomicLong();

    private static StepMetrics step(long step, int epoch) {
        return new StepMetrics(step, epoch, 0.1, 1.5, 0.5, 2560, 0.1, 0, 0, Double.NaN);
    }

    private static EpochMetrics epoch(int epoch, long step, double seconds) {
        return new EpochMetrics(epoch, step, 1.5, 0.5, 0.125, Double.NaN, 0.4, seconds);
    }

    private ProgressSink sink(boolean interactive) {
        return sink(interactive, 0);
    }

    /** @param step at which a run of 3 epochs of 100 steps starts */
    private ProgressSink sink(boolean interactive, long step) {
        return sink(new Terminal(interactive, 100), step);
    }

    private ProgressSink sink(Terminal terminal, long step) {
        ProgressSink sink = new ProgressSink(out, terminal, nanos::get);
        Recipe recipe = RecipeFile.parse(
                "{name: x, epochs: 3, workers: 1, data: {dataset: 'synthetic:images=100'}, model: {name: resnet8}}",
                "test",
                Map.of());
        sink.on(new Event.Started(new RunInfo(Path.of("run"), recipe, List.of(), 0, 1, true, 1, 1, 100, 0, step)));
        return sink;
    }

    private String text() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void withoutATerminal_printsALineEveryTenSecondsAndEveryEpoch() {
        try (ProgressSink sink = sink(false)) {
            for (int i = 1; i <= 100; i++) {
                nanos.addAndGet(250_000_000L);
                sink.on(new Event.Step(step(i, 0)));
            }
            sink.on(new Event.Epoch(epoch(0, 100, 12)));
            sink.on(new Event.Notice("saved step-00000100"));
        }
        assertThat(text().lines())
                .containsExactly(
                        "epoch 1/3, step 40 of 300: 2,560 images/s, loss 1.5000, learning rate 0.1, 26 s left",
                        "epoch 1/3, step 80 of 300: 2,560 images/s, loss 1.5000, learning rate 0.1, 22 s left",
                        "epoch 1/3: training error 50.00 %, loss 1.5000; validation error 12.50 %, loss 0.4000; 12 s",
                        "saved step-00000100");
        assertThat(text()).doesNotContain("\r").doesNotContain("\u001b");
    }

    @Test
    void start_ofAResumedRun_saysWhereItIs() {
        try (ProgressSink sink = sink(false, 57)) {
            sink.on(new Event.Resumed(57, false));
        }
        assertThat(text()).isEqualTo("resuming at step 57 of 300\n");
    }

    @Test
    void start_ofAFinishedRun_saysSo() {
        try (ProgressSink sink = sink(false, 300)) {
            sink.on(new Event.Resumed(300, true));
        }
        assertThat(text()).isEqualTo("nothing left to train: all 300 steps are done\n");
    }

    @Test
    void start_atTheInitialWeights_saysNothing() {
        try (ProgressSink sink = sink(false, 0)) {
            sink.on(new Event.Resumed(0, false));
        }
        assertThat(text()).isEmpty();
    }

    @Test
    void notice_beforeTheRunStarts_isPrinted() {
        try (ProgressSink sink = new ProgressSink(out, new Terminal(true, 100), nanos::get)) {
            sink.on(new Event.Notice("skipping a checkpoint"));
        }
        assertThat(text()).isEqualTo("skipping a checkpoint\n");
    }

    @Test
    void bar_ofAResumedRun_startsAtTheRestoredStep() {
        try (ProgressSink sink = sink(true, 150)) {
            sink.on(new Event.Resumed(150, false));
        }
        assertThat(shown()).startsWith("epoch 2/3  50% │██████████          │ starting …");
    }

    @Test
    void notice_thatQuotesAName_isOnePrintableLine() {
        try (ProgressSink sink = sink(false)) {
            sink.on(new Event.Notice("bad \u001b[2J\n" + "x".repeat(1_000_000)));
        }
        assertThat(text()).startsWith("bad \\x1b[2J\\x0axxx").hasLineCount(1).hasSizeLessThan(2100);
    }

    @Test
    void onATerminal_movesABarAndKeepsTheLinesOfEpochs() {
        try (ProgressSink sink = sink(true)) {
            sink.on(new Event.Step(step(50, 0)));
            sink.on(new Event.Epoch(epoch(0, 100, 12)));
            sink.on(new Event.Step(step(150, 1)));
        }
        assertThat(text()).contains("\r");
        List<String> lines = text().lines()
                .map(line -> line.substring(line.lastIndexOf('\r') + 1).strip())
                .toList();
        assertThat(lines)
                .contains(
                        "epoch 1/3: training error 50.00 %, loss 1.5000; validation error 12.50 %, loss 0.4000; 12 s");
        assertThat(shown()).startsWith("epoch 2/3  50% │██████████          │ 39 s left, loss 1.5000");
    }

    private String lastBar(int columns) {
        bytes.reset();
        try (ProgressSink sink = sink(new Terminal(true, columns), 0)) {
            for (int i = 1; i <= 50; i++) {
                sink.on(new Event.Step(new StepMetrics(i, 0, 0.1, 3 - 0.02 * i, 0.5, 2560, 0.1, 0, 0, Double.NaN)));
            }
        }
        return shown();
    }

    /** The last bar before it is gone. */
    private String shown() {
        assertThat(text()).endsWith(" \r");
        List<String> states = List.of(text().split("[\r\n]"));
        assertThat(states.get(states.size() - 1)).isBlank();
        return states.stream()
                .filter(state -> !state.isBlank())
                .reduce((first, second) -> second)
                .orElseThrow();
    }

    @Test
    void bar_isGoneAtTheEnd_andNoLineOfItsIsWiderThanTheTerminal() {
        try (ProgressSink sink = sink(new Terminal(true, 60), 0)) {
            sink.on(new Event.Step(step(50, 0)));
            sink.on(new Event.Epoch(epoch(0, 100, 12)));
        }
        assertThat(text().split("[\r\n]")).allMatch(line -> line.length() < 60);
        assertThat(text().replaceAll("[^\n]*\r", ""))
                .isEqualTo("epoch 1/3: training error 50.00 %, loss 1.5000; validation\n"
                        + "  error 12.50 %, loss 0.4000; 12 s\n");
    }

    @Test
    void bar_betweenTheLastStepOfAnEpochAndItsEnd_saysThatItEvaluates() {
        try (ProgressSink sink = sink(new Terminal(true, 80), 0)) {
            sink.on(new Event.Step(step(99, 0)));
            sink.on(new Event.Step(step(100, 0)));
        }
        assertThat(shown()).startsWith("epoch 1/3 100% │████████████████████│ 20 s left, evaluating …");
    }

    @Test
    void bar_fitsItsTerminal_andFillsIt() {
        assertThat(lastBar(80))
                .hasSize(77)
                .startsWith("epoch 1/3  50% │███   │ 25 s left, loss 2.0000, error 50.00 %, 2,560 images/s");
        assertThat(lastBar(120))
                .hasSize(117)
                .startsWith(
                        "epoch 1/3  50% │██████████          │ 25 s left, loss 2.0000, error 50.00 %, 2,560 images/s"
                                + "  █▇▇▆▅▅▄▄▃▂▂▁");
        assertThat(lastBar(140)).contains("2,560 images/s, learning rate 0.1  █▇▇▆");
        assertThat(lastBar(50)).hasSize(47).startsWith("epoch 1/3  50% │███   │ 25 s left, loss 2.0000");
    }

    @Test
    void secondsLeft_countsStepsAndEvaluations() {
        Pace pace = new Pace(3, 100);
        assertThat(pace.secondsLeft()).isNaN();
        for (int i = 1; i <= 100; i++) {
            pace.onStep(step(i, 0));
        }
        pace.onEpoch(epoch(0, 100, 14));
        assertThat(pace.secondsLeft()).isCloseTo(200 * 0.1 + 2 * 4, within(1e-9));
    }

    @Test
    void pace_forgetsTheFirstStep() {
        Pace pace = new Pace(1, 100);
        pace.onStep(new StepMetrics(1, 0, 0.1, 2, 0.9, 64, 4, 0, 0, Double.NaN));
        pace.onStep(step(2, 0));
        assertThat(pace.secondsLeft()).isCloseTo(9.8, within(1e-9));
        assertThat(pace.imagesPerSecond()).isCloseTo(2560, within(1e-6));
    }

    @Test
    void pace_ofAResumedRun_startsWhereTheCheckpointIs() {
        Pace pace = new Pace(3, 100);
        pace.onStart(250);
        assertThat(pace.epochNumber()).isEqualTo(3);
        assertThat(pace.epochFraction()).isEqualTo(0.5);
        pace.onStep(step(251, 2));
        assertThat(pace.secondsLeft()).isCloseTo(4.9, within(1e-9));
    }

    @Test
    void terminal_isDecidedByTheVariableFirst() {
        assertThat(Terminal.from(Map.of("LOCKSTEP_TERMINAL", "1"), false).interactive())
                .isTrue();
        assertThat(Terminal.from(Map.of("LOCKSTEP_TERMINAL", "0"), true).interactive())
                .isFalse();
        assertThat(Terminal.from(Map.of("TERM", "dumb"), true).interactive()).isFalse();
        assertThat(Terminal.from(Map.of("COLUMNS", "40"), true)).isEqualTo(new Terminal(true, 40));
        assertThat(Terminal.from(Map.of("COLUMNS", "x"), false)).isEqualTo(new Terminal(false, 100));
    }
}
