package dev.lockstep.cli.command;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.CheckpointDirectory;
import dev.lockstep.cli.Main;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.launch.ChildJvm;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.supervise.LogTail;
import dev.lockstep.torch.Devices;
import dev.lockstep.train.ReferenceTraining;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code lockstep verify}: trains the first steps of a recipe with several numbers of processes and lanes (compute
 * threads), kills one run and resumes it with other numbers, and compares the weights bit by bit; then compares them
 * with the same computation in float64.
 */
@Command(
        name = "verify",
        description =
                "Verifies on this machine that the numbers of processes and lanes (compute threads) do not change the"
                        + " weights.",
        footer = {"", "Example:", "  lockstep verify recipes/fashion-mnist.yaml"})
public final class VerifyCommand implements Callable<Integer> {
    private static final Pattern LOST =
            Pattern.compile("SIGKILL.*; [0-9]+ process(?:es)? continues? from step ([0-9]+) ");
    private static final Pattern JOINED =
            Pattern.compile("joins the group; [0-9]+ process(?:es)? continues? from step ([0-9]+) ");
    /** In which a JVM reports at its group; much less than the peer timeout. */
    private static final Duration STARTING = Duration.ofSeconds(4);

    private static final int ATTEMPTS = 3;

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private RecipeArgument recipeArgument;

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private DataOption data;

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private StartOption start;

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Number of steps per run (default: ${DEFAULT-VALUE}; at most as many as the recipe has).")
    private int steps = 12;

    @Option(
            names = "--device",
            paramLabel = "cpu|cuda[:N]",
            description =
                    "Where to compute; the comparison in float64 is always on the CPU (default: LOCKSTEP_DEVICE, or auto).")
    private Optional<String> device = Optional.empty();

    @Option(names = "--json", description = "Print the table as JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        if (steps < 2) {
            throw LockstepException.recipe("--steps = " + steps + " is too small", "", "give at least 2");
        }
        device.ifPresent(Devices::require);
        StartOption.Start begin = start.of(recipeArgument.read());
        Recipe recipe = begin.recipe();
        OpenDataset dataset = data.open(recipe.data());
        steps = (int) Math.min(steps, stepsOf(recipe, dataset));
        Path folder = Files.createTempDirectory("lockstep-verify");
        try {
            VerifyTable table = new VerifyTable(steps);
            Path file = Files.writeString(folder.resolve("recipe.yaml"), recipe.toYaml());
            show(table.heading(recipe.name()));
            fill(table, begin, dataset, file, folder);
            System.out.println(json ? table.toJson() : table.conclusion());
            return table.isGood() ? 0 : LockstepException.Kind.WORKER.exitCode();
        } finally {
            DurableFiles.deleteFolder(folder);
        }
    }

    private static long stepsOf(Recipe recipe, OpenDataset dataset) {
        int perEpoch = recipe.minibatchPlan(dataset.training().size()).iterationsPerEpoch();
        long all = (long) recipe.epochs() * perEpoch;
        if (all < 2) {
            throw LockstepException.recipe(
                    "the recipe has too few steps to be interrupted: steps = " + all, "", "use at least 2");
        }
        return all;
    }

    private void fill(VerifyTable table, StartOption.Start begin, OpenDataset dataset, Path file, Path folder)
            throws Exception {
        Recipe recipe = begin.recipe();
        Path first = folder.resolve("p1-l1");
        show(table.addTree(1, 1, "straight", train(file, first, new Placement(1, 1))));
        for (Placement placement : placements(recipe.workers(), device.isPresent())) {
            String weights = train(file, folder.resolve(placement.name()), placement);
            show(table.addTree(placement.processes, placement.lanes, placement.run(), weights));
        }
        killedAndResumed(table, recipe, file, folder);
        if (recipe.workers() > 1) {
            lostAndGained(table, recipe, file, folder);
        }
        SortedMap<String, double[]> exact = inFloat64(begin, dataset);
        table.distance(distance(first, exact));
        // With two processes, either order of the two summands gives the same bits.
        int processes = Math.min(recipe.workers(), recipe.workers() % 4 == 0 ? 4 : 3);
        if (processes > 1) {
            Path out = folder.resolve("native");
            String weights = train(file, out, new Placement(processes, 1, "equal", "native"));
            show(table.addNative(processes, 1, weights, distance(out, exact)));
        }
    }

    /** How a run is computed. */
    private record Placement(int processes, int lanes, String split, String collective) {
        Placement(int processes, int lanes) {
            this(processes, lanes, "equal", "tree");
        }

        String name() {
            return "p" + processes + "-l" + lanes + "-" + split;
        }

        /** For the table. */
        String run() {
            return "straight" + (split.equals("equal") ? "" : ", workers " + split);
        }
    }

    private static List<Placement> placements(int workers, boolean moreLanes) {
        List<Placement> placements = new ArrayList<>();
        placements.add(new Placement(1, 2));
        if (moreLanes) {
            placements.add(new Placement(1, 4));
        }
        for (int processes = 2; processes <= Math.min(workers, 3); processes++) {
            placements.add(new Placement(processes, 1));
        }
        if (workers > 2) {
            placements.add(new Placement(2, 1, "1," + (workers - 1), "tree"));
        }
        return placements;
    }

    private void killedAndResumed(VerifyTable table, Recipe recipe, Path file, Path folder) throws Exception {
        Placement killed = new Placement(Math.min(2, recipe.workers()), 1);
        for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
            Path out = folder.resolve("killed-" + attempt);
            Process process = start(file, out, killed, List.of("--checkpoint-every", "1"));
            while (process.isAlive() && newest(out) < steps / 2) {
                Thread.sleep(5);
            }
            if (process.isAlive()) {
                kill(process);
            } else {
                requireGood(process, out, killed);
            }
            long killedAt = newest(out);
            if (killedAt > 0 && killedAt < steps) {
                String run = "killed at P = " + killed.processes + ", resumed from step " + killedAt;
                show(table.addTree(1, 2, run, train(file, out, new Placement(1, 2))));
                requireResumed(out, killedAt);
                return;
            }
        }
        throw LockstepException.worker(
                "could not kill a run between its first and its last step",
                "attempts = " + ATTEMPTS,
                "use more --steps, or try again when the machine is less busy");
    }

    /** An elastic run, one of whose processes is killed; another one replaces it if the run lasts long enough. */
    private void lostAndGained(VerifyTable table, Recipe recipe, Path file, Path folder) throws Exception {
        Placement placement = new Placement(Math.min(3, recipe.workers()), 1);
        for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
            Path out = folder.resolve("elastic-" + attempt);
            Process process = start(
                    file, out, placement, List.of("--checkpoint-every", "1", "--elastic", "1:" + placement.processes));
            while (process.isAlive() && newest(out) < 1) {
                Thread.sleep(5);
            }
            replaceOne(process, placement.processes);
            process.waitFor();
            requireGood(process, out, placement);
            String log = Files.readString(out.resolveSibling(out.getFileName() + ".log"));
            Matcher lost = LOST.matcher(log);
            if (lost.find()) {
                Matcher joined = JOINED.matcher(log);
                String gained =
                        joined.find() ? "one joined after step " + joined.group(1) : "none joined before the end";
                show(table.addTree(
                        placement.processes,
                        1,
                        "lost one after step " + lost.group(1) + ", " + gained,
                        RunResult.read(out).weightsSha256()));
                return;
            }
        }
        throw LockstepException.worker(
                "could not kill a process between the first and the last step of a run",
                "attempts = " + ATTEMPTS,
                "use more --steps, or try again when the machine is less busy");
    }

    /**
     * Kills a child, and stops another one until a new process has started: the few steps of this run would be over before.
     */
    private static void replaceOne(Process launcher, int processes) throws Exception {
        List<ProcessHandle> children = launcher.children()
                .sorted(Comparator.comparingLong(ProcessHandle::pid))
                .toList();
        if (children.size() < processes) {
            return;
        }
        ProcessHandle held = children.get(0);
        children.get(processes - 1).destroyForcibly();
        signal("-STOP", held);
        long deadline = System.nanoTime() + 10_000_000_000L;
        while (launcher.children()
                        .filter(child -> !children.contains(child))
                        .findAny()
                        .isEmpty()
                && System.nanoTime() < deadline) {
            Thread.sleep(20);
        }
        Thread.sleep(STARTING.toMillis());
        signal("-CONT", held);
    }

    private static void signal(String name, ProcessHandle process) throws Exception {
        new ProcessBuilder("kill", name, Long.toString(process.pid()))
                .inheritIO()
                .start()
                .waitFor();
    }

    /** A run that starts over renames the checkpoints of the previous run; this detects that. */
    private static void requireResumed(Path out, long step) {
        String superseded = CheckpointDirectory.nameOf(step) + CheckpointDirectory.SUPERSEDED;
        if (Files.exists(out.resolve("checkpoints").resolve(superseded))) {
            throw LockstepException.worker(
                    "a run started over instead of resuming from its newest checkpoint",
                    "step = " + step,
                    "report this as a bug in Lockstep");
        }
    }

    /** Kills a run and waits until all its processes have ended and released the folder. */
    private static void kill(Process process) throws Exception {
        List<ProcessHandle> all = Stream.concat(process.descendants(), Stream.of(process.toHandle()))
                .toList();
        all.forEach(ProcessHandle::destroyForcibly);
        for (ProcessHandle one : all) {
            one.onExit().get();
        }
    }

    private static long newest(Path out) throws IOException {
        Path checkpoints = out.resolve("checkpoints");
        if (!Files.isDirectory(checkpoints)) {
            return -1;
        }
        try (Stream<Path> files = Files.list(checkpoints)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".safetensors"))
                    .mapToLong(name -> Long.parseLong(name.replaceAll("\\D", "")))
                    .max()
                    .orElse(-1);
        }
    }

    private String train(Path recipe, Path out, Placement placement) throws Exception {
        Process process = start(recipe, out, placement, List.of());
        process.waitFor();
        requireGood(process, out, placement);
        return RunResult.read(out).weightsSha256();
    }

    private static void requireGood(Process ended, Path out, Placement placement) throws IOException {
        if (ended.exitValue() != 0) {
            Path log = out.resolveSibling(out.getFileName() + ".log");
            throw LockstepException.worker(
                    "a run failed, exit code = " + ended.exitValue() + ": " + LogTail.lastError(log),
                    "procs = " + placement.processes + ", lanes = " + placement.lanes + ", worker-split = "
                            + placement.split + ", collective = " + placement.collective,
                    "run 'lockstep doctor'");
        }
    }

    private Process start(Path recipe, Path out, Placement placement, List<String> more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(
                "train",
                recipe.toString(),
                "--out",
                out.toString(),
                "--procs",
                Integer.toString(placement.processes),
                "--lanes",
                Integer.toString(placement.lanes),
                "--collective",
                placement.collective,
                "--worker-split",
                placement.split,
                "--stop-after",
                Integer.toString(steps)));
        device.ifPresent(name -> arguments.addAll(List.of("--device", name)));
        arguments.addAll(data.arguments());
        arguments.addAll(start.arguments());
        arguments.addAll(more);
        Path log = out.resolveSibling(out.getFileName() + ".log");
        return ChildJvm.of(Main.class.getName(), arguments)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    private SortedMap<String, double[]> inFloat64(StartOption.Start begin, OpenDataset dataset) {
        System.err.println("computing " + steps + " steps in float64 ...");
        return new ReferenceTraining(begin.recipe(), dataset, begin.models()).weightsAfter(steps);
    }

    private double distance(Path run, SortedMap<String, double[]> exact) {
        Path checkpoint = run.resolve("checkpoints").resolve(CheckpointDirectory.nameOf(steps));
        return ReferenceTraining.distance(Checkpoint.read(checkpoint).tensors(), exact);
    }

    private void show(String line) {
        if (!json) {
            System.out.println(line);
        }
    }
}
