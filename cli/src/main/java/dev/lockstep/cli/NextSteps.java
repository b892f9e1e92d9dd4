package dev.lockstep.cli;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.errors.Printable;
import dev.lockstep.report.RunFolders;
import dev.lockstep.report.RunGlance;
import dev.lockstep.text.Format;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What {@code lockstep} without a command says: what to do next. */
final class NextSteps {
    private static final int COMMAND = 34;
    /** Narrower terminals have explanations below the commands. */
    private static final int WIDE = 80;

    private final StringBuilder text = new StringBuilder();
    private final boolean wide;

    private NextSteps(int columns) {
        this.wide = columns >= WIDE;
    }

    /**
     * @param runs the folder where runs lie if nothing else is said
     * @param columns of the terminal
     */
    static String text(Path runs, Instant now, int columns) {
        NextSteps steps = new NextSteps(columns);
        steps.write(runs, now);
        return steps.text.toString();
    }

    private void write(Path runs, Instant now) {
        text.append("Lockstep: large-minibatch synchronous SGD on the JVM.\n\nUsage: lockstep COMMAND [options]\n\n");
        Optional<RunGlance> last = newest(runs, now);
        if (last.isPresent()) {
            resume(last.get());
        } else {
            line("lockstep doctor", "checks this machine");
            line("lockstep init PHOTOS", "writes a recipe for a folder of photographs");
            line("lockstep plan RECIPE", "shows what a run would do, before it starts");
            line("lockstep train RECIPE --watch", "trains, and shows the run in a browser");
        }
        if (last.isPresent()) {
            line("lockstep watch " + runs, "shows all runs in a browser, live or finished");
            line("lockstep runs", "lists them here");
        }
        line("lockstep --help", "lists all commands");
        line("lockstep help COMMAND", "explains one, with examples");
    }

    private void resume(RunGlance run) {
        text.append(String.format(
                Locale.ROOT,
                "Your last run, %s: %s at step %s%s.%n%n",
                Printable.of(run.name()),
                run.state(),
                Format.count(run.step()),
                Double.isFinite(run.validationTop1Error())
                        ? ", validation error " + Format.error(run.validationTop1Error())
                        : ""));
        if (List.of("stopped", "no sign of life", "failed").contains(run.state())) {
            line("lockstep train " + run.folder() + "/recipe.yaml --out " + run.folder(), "resumes it");
        } else if (run.state().equals("completed")) {
            line("lockstep report " + run.folder() + " --out " + run.name() + ".html", "writes its page");
        }
    }

    private void line(String command, String what) {
        String shown = Printable.of(command);
        int column = wide ? COMMAND : 4;
        text.append("  ").append(shown);
        text.append(shown.length() < column ? " ".repeat(column - shown.length()) : "\n" + " ".repeat(column + 2));
        text.append(what).append('\n');
    }

    private static Optional<RunGlance> newest(Path runs, Instant now) {
        if (!Files.isDirectory(runs)) {
            return Optional.empty();
        }
        Path root = Path.of("").toAbsolutePath();
        return RunFolders.runs(List.of(runs)).stream()
                .flatMap(folder -> glance(root.relativize(folder), now).stream())
                .max(Comparator.comparing(RunGlance::updated));
    }

    private static Optional<RunGlance> glance(Path folder, Instant now) {
        try {
            return Optional.of(RunGlance.of(folder, folder.getFileName().toString(), now));
        } catch (LockstepException e) {
            return Optional.empty();
        }
    }
}
