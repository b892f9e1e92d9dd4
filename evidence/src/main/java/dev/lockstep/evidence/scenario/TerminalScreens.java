package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Screen;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What a user sees in terminals of 60, 80 and 120 columns, in each state of a run: kept by tmux, which shows what a terminal does. */
final class TerminalScreens {
    private static final int[] WIDTHS = {60, 80, 120};
    private static final int PATIENCE_MILLIS = 180_000;
    private static final String BAR = "^epoch 1/2 .*│";
    private static final String TRAIN = "lockstep train screens.yaml --out run";

    private final Stage stage;
    private final Screen screen;
    private final int width;

    private TerminalScreens(Stage stage, Screen screen, int width) {
        this.stage = stage;
        this.screen = screen;
        this.width = width;
    }

    static void play(Stage stage, Settings settings) throws Exception {
        if (!Stage.has("tmux", "tmux")) {
            stage.report().skip("screens", "install tmux");
            return;
        }
        for (int width : WIDTHS) {
            Path folder = Files.createDirectory(stage.path("columns-" + width));
            Files.writeString(folder.resolve("screens.yaml"), """
                    name: screens
                    epochs: 2
                    workers: 4
                    data: {dataset: "synthetic:images=19200,validation=40000,shape=1x16x16,classes=10"}
                    model: {name: resnet8}
                    """);
            String path = stage.checkout().home() + ":" + System.getenv("PATH");
            try (Screen screen = new Screen(folder, width, path)) {
                new TerminalScreens(stage, screen, width).play(folder);
            }
        }
    }

    private interface Checked {
        void check(Case claims) throws Exception;
    }

    /** A state in which no word may be broken. */
    private void state(String name, String expected, Checked body) {
        stage.check(width + " columns: " + name, expected + "; no broken word", claims -> {
            body.check(claims);
            List<String> broken = screen.broken();
            claims.claim(broken.isEmpty(), "broken: " + broken);
        });
    }

    private void sees(Case claims, String pattern) throws IOException, InterruptedException {
        claims.claim(
                screen.await(pattern, PATIENCE_MILLIS), "no " + pattern + " in " + String.join("⏎", screen.lines()));
    }

    private void ends(Case claims) throws IOException, InterruptedException {
        claims.claim(screen.awaitPrompt(PATIENCE_MILLIS), "no prompt in " + String.join("⏎", screen.lines()));
        claims.claim(screen.lines().stream().noneMatch(line -> line.contains("│")), "the bar is still there");
    }

    private void says(String line, String name, String expected, String pattern) {
        state(name, expected, claims -> {
            screen.type(line);
            sees(claims, pattern);
            claims.claim(screen.awaitPrompt(PATIENCE_MILLIS), "no prompt");
        });
    }

    private void play(Path folder) throws Exception {
        says("lockstep", "called bare", "usage and the next step", "^Usage: lockstep");
        says("lockstep help train", "help", "usage and options", "^Usage: lockstep train");
        says("lockstep trian", "a misspelled command", "what was meant", "train");
        says("lockstep plan screens.yaml", "a plan", "its checks", "^Checks ");
        state("training", "one bar with the time left and the loss", claims -> {
            screen.type(TRAIN);
            sees(claims, BAR + ".* left, loss ");
            List<String> bars =
                    screen.lines().stream().filter(line -> line.contains("│")).toList();
            claims.claim(bars.size() == 1, "bars = " + bars);
            claims.figure("bar", "`" + String.join("", bars).replace("|", "¦") + "`");
        });
        state("told to stop by Ctrl-C", "what was saved and how to resume; no bar", claims -> {
            screen.press("C-c");
            sees(claims, "^saved run/checkpoints/step-");
            sees(claims, "^to resume: ");
            ends(claims);
        });
        state("resumed", "from which step", claims -> {
            screen.type(TRAIN);
            sees(claims, "^resuming at step [0-9]+ of ");
            sees(claims, BAR);
        });
        state("evaluating", "a line that says so", claims -> sees(claims, "evaluating"));
        state("finished", "results, the report and the next command; no bar", claims -> {
            sees(claims, "^report run/report.html");
            ends(claims);
        });
        state("finished, started again", "that it is; no bar, the result as it was", claims -> {
            String before = Files.readString(folder.resolve("run/result.json"));
            screen.type(TRAIN);
            sees(claims, "^nothing left to train");
            ends(claims);
            claims.claim(Files.readString(folder.resolve("run/result.json")).equals(before), "another result");
        });
        says("lockstep eval run", "an evaluation", "its error", "^top-1 error ");
        says("lockstep doctor", "the state of the machine", "what is there", "^storage");
        says(TRAIN + " --set epochs=x", "a mistake in an option", "one line with the fix", "^error: ");
    }
}
