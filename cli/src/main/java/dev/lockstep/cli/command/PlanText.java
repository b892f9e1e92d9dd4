package dev.lockstep.cli.command;

import static dev.lockstep.text.Format.bytes;
import static dev.lockstep.text.Format.count;
import static dev.lockstep.text.Format.number;
import static dev.lockstep.text.Format.percent;

import dev.lockstep.cli.terminal.BlockPlot;
import dev.lockstep.cli.terminal.TextBlocks;
import dev.lockstep.network.NetworkShape;
import dev.lockstep.plan.Finding;
import dev.lockstep.plan.Memory;
import dev.lockstep.plan.Plan;
import dev.lockstep.plan.Traffic;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.schedule.LearningRate;
import dev.lockstep.text.Format;
import dev.lockstep.topology.Topology;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** A plan formatted for people: a heading and a few aligned lines for each subject. */
final class PlanText {
    private static final int PLOT_COLUMNS = 60;
    private static final int LEAST_PLOT = 10;
    /** What stands before and behind a plot. */
    private static final int BESIDE_PLOT = 28;

    private static final int PLOT_ROWS = 6;
    private static final int MOST_RANKS = 4;

    private final Plan plan;
    private final Recipe recipe;
    private final TextBlocks out = new TextBlocks();
    private final int plotColumns;

    private PlanText(Plan plan, int columns) {
        this.plan = plan;
        this.plotColumns = Math.max(LEAST_PLOT, Math.min(PLOT_COLUMNS, columns - BESIDE_PLOT));
        this.recipe = plan.recipe();
    }

    /** @param columns of the terminal, for plots */
    static String of(Plan plan, List<Finding> findings, int columns) {
        PlanText text = new PlanText(plan, columns);
        text.title();
        text.minibatch();
        text.warmup();
        text.schedule();
        text.processes();
        text.resources();
        text.checks(findings);
        return text.out.toString();
    }

    private void title() {
        out.line(recipe.name() + ": " + recipe.model().name() + " on "
                + plan.data().name() + ", "
                + count(plan.data().trainingImages()) + " training images of "
                + plan.data().channels() + "×" + plan.data().height() + "×"
                + plan.data().width() + ", "
                + (plan.data().classesAssumed()
                        ? "classes unknown, " + count(plan.data().classes()) + " assumed"
                        : plan.data().classes() + " classes"));
        if (plan.data().classesAssumed()) {
            out.line("  (--data DIR counts the class folders)");
        }
    }

    private void minibatch() {
        Recipe.Rate rate = recipe.learningRate();
        out.block(
                "Minibatch",
                "kn = " + recipe.workers() + " workers × " + recipe.imagesPerWorker() + " images = "
                        + count(plan.minibatch()) + " images, " + number(plan.scalingFactor())
                        + " × the reference minibatch of " + rate.referenceMinibatch());
        out.block(
                "Learning rate",
                "η̂ = " + number(recipe.scaledLearningRate()) + " from η = " + number(rate.reference()) + ", scaling "
                        + lower(rate.scaling()));
        int dropped = plan.cut().droppedPerEpoch();
        out.block(
                "Training",
                recipe.epochs() + " epochs × " + count(plan.iterationsPerEpoch()) + " iterations = "
                        + count(plan.iterations()) + " iterations",
                count(dropped) + " images ("
                        + percent((double) dropped / plan.data().trainingImages())
                        + ") of an epoch fill no minibatch and are left out, others in every epoch");
    }

    private void warmup() {
        List<Plan.RatePoint> table = plan.warmupTable();
        Recipe.WarmupSettings warmup = recipe.learningRate().warmup();
        if (table.isEmpty()) {
            String why = warmup.kind() == Recipe.WarmupKind.NONE || warmup.epochs() == 0
                    ? "none"
                    : lower(warmup.kind()) + ", but the scaled rate is not above the reference: it changes nothing";
            out.block("Warmup", why);
            return;
        }
        String each = plan.warmupIncrement() == 0 ? "" : ", + " + number(plan.warmupIncrement()) + " in each";
        out.block(
                "Warmup",
                lower(warmup.kind()) + ", " + epochs(warmup.epochs()) + " = " + count(plan.warmupIterations())
                        + " iterations" + each);
        rateTable(table);
        plot();
    }

    private void rateTable(List<Plan.RatePoint> points) {
        out.line(String.format(Locale.ROOT, "  %9s %11s %14s", "epoch", "iteration", "learning rate"));
        points.forEach(point -> out.line(String.format(
                Locale.ROOT,
                "  %9s %11s %14s",
                number(point.epoch()),
                count(point.iteration()),
                number(point.rate()))));
    }

    /** The warmup and a further fifth of its length. */
    private void plot() {
        long end = Math.min(plan.iterations(), Math.max(plan.warmupIterations() * 6 / 5, 2));
        double[] rates = sampled(end);
        double top = Arrays.stream(rates).max().orElse(0);
        List<String> lines = BlockPlot.lines(rates, PLOT_ROWS);
        for (int i = 0; i < lines.size(); i++) {
            String label = i == 0 ? number(top) : i == lines.size() - 1 ? "0" : "";
            out.line(String.format(Locale.ROOT, "  %9s │%s", label, lines.get(i)));
        }
        String last = count(end - 1);
        out.line(" ".repeat(12) + "0" + " ".repeat(Math.max(1, plotColumns - 1 - last.length())) + last);
    }

    private double[] sampled(long end) {
        LearningRate rate = plan.learningRate();
        return IntStream.range(0, plotColumns)
                .mapToDouble(column -> rate.at(Math.round((double) column * (end - 1) / (plotColumns - 1))))
                .toArray();
    }

    private void schedule() {
        List<Plan.RatePoint> decays = plan.decays();
        out.block("Schedule", lower(recipe.learningRate().schedule().kind()) + ", ends at " + number(plan.finalRate()));
        if (!decays.isEmpty()) {
            rateTable(decays);
        }
        double[] rates = sampled(plan.iterations());
        double lowest = Arrays.stream(rates).filter(rate -> rate > 0).min().orElse(1);
        double[] logarithms = Arrays.stream(rates)
                .map(rate -> rate > 0 ? 0.1 + Math.log(rate / lowest) : 0)
                .toArray();
        out.line("  whole run │" + BlockPlot.lines(logarithms, 1).get(0) + "│ (logarithm)");
    }

    private void processes() {
        int processes = plan.topology().processes();
        List<String> lines = new ArrayList<>();
        lines.add(plural(processes, "process", "processes") + " × " + plural(plan.lanes(), "lane", "lanes") + ", "
                + workersEach(plan.topology()) + " each: bit for bit the weights of one process");
        for (int rank = 0; rank < processes; rank++) {
            if (processes > MOST_RANKS + 1 && rank == MOST_RANKS - 1) {
                lines.add("  …");
                rank = processes - 1;
            }
            int first = plan.topology().firstWorker(rank);
            int last = first + plan.topology().workersOf(rank) - 1;
            lines.add("  rank " + rank + ": " + (first == last ? "worker " + first : "workers " + first + "–" + last));
        }
        out.block("Processes", lines.toArray(String[]::new));
    }

    /** Processes have equal numbers of workers, or there is a difference of one or a few. */
    private static String workersEach(Topology topology) {
        int most = topology.mostWorkers();
        int least = Collections.min(topology.sizes());
        return (least < most ? least + "–" : "") + plural(most, "worker", "workers");
    }

    private void resources() {
        if (plan.network().isEmpty()) {
            out.block(
                    "Network",
                    "size unknown: " + recipe.model().name()
                            + " does not describe its layers, so memory and traffic are" + " unknown, too");
            return;
        }
        NetworkShape network = plan.network().get();
        Memory memory = plan.memory().orElseThrow();
        Traffic traffic = plan.traffic().orElseThrow();
        out.block(
                "Network",
                count(network.parameters()) + " parameters, " + count(network.batchNormStatistics())
                        + " running statistics, " + Format.scaled(network.forwardFlops())
                        + "FLOP forward and " + Format.scaled(3 * network.forwardFlops())
                        + "FLOP to train on one image");
        out.block(
                "Memory",
                bytes(memory.total()) + " per process: parameters " + bytes(memory.parameters()) + ", gradients "
                        + bytes(memory.gradients()) + optimizerState(memory) + ",",
                "  partial sums up to " + bytes(memory.partialSums()) + ", activations about "
                        + bytes(memory.activations()));
        out.block(
                "Traffic",
                plan.topology().processes() == 1
                        ? "none: one process"
                        : bytes(traffic.sentBytesPerProcess())
                                + " out of and into every process per step: 2 (P − 1) / P × "
                                + bytes(traffic.contributionBytes()));
    }

    private String optimizerState(Memory memory) {
        List<String> state = recipe.optimizer().state();
        return state.isEmpty() ? "" : ", " + String.join(" and ", state) + " " + bytes(memory.optimizerState());
    }

    private void checks(List<Finding> findings) {
        long warnings = findings.stream().filter(Finding::isWarning).count();
        out.block("Checks", warnings == 0 ? "no warnings" : plural((int) warnings, "warning", "warnings"));
        for (Finding finding : findings) {
            out.wrapped("  " + (finding.isWarning() ? "warning " : "suppressed ") + finding.line(), "    ");
        }
    }

    private static String epochs(double number) {
        return number(number) + (number == 1 ? " epoch" : " epochs");
    }

    static String plural(int number, String one, String many) {
        return count(number) + " " + (number == 1 ? one : many);
    }

    private static String lower(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
