package dev.lockstep.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.catalogue.Datasets;
import dev.lockstep.image.catalogue.OpenDataset;
import dev.lockstep.model.ResNet;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.report.RunResult;
import dev.lockstep.train.ReferenceTraining;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code lockstep verify}: trains the first steps of a recipe on several numbers of processes and lanes, one of the runs
 * killed and resumed on other numbers, and compares the weights bit by bit; then compares them with a float64 computation
 * of the same mathematics.
 */
@Command(
        name = "verify",
        description = "Shows on this machine that processes and lanes do not change the weights.",
        footer = {"", "Example:", "  lockstep verify recipes/fashion-mnist.yaml"})
final class VerifyCommand implements Callable<Integer> {
    @Mixin
    @SuppressWarnings("NullAway.Init")
    private RecipeArgument recipeArgument;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Folder of the dataset; found or fetched when left out.")
    private Optional<Path> data = Optional.empty();

    @Option(names = "--steps", paramLabel = "N", defaultValue = "12", description = "Steps of each run (default: 12).")
    private int steps = 12;

    @Option(names = "--json", description = "Print the table as JSON.")
    private boolean json;

    /** One line of the table. */
    private record Row(int processes, int lanes, String collective, String run, String weights, String verdict) {}

    @Override
    public Integer call() throws Exception {
        if (steps < 2) {
            throw LockstepException.recipe("--steps = " + steps, "must be at least 2", "");
        }
        Recipe recipe = recipeArgument.read();
        OpenDataset dataset = Datasets.open(recipe.data(), data);
        Path folder = Files.createTempDirectory("lockstep-verify");
        try {
            Path file = Files.writeString(folder.resolve("recipe.yaml"), recipe.toYaml());
            List<Row> rows = new ArrayList<>();
            Path first = folder.resolve("p1-l1");
            String reference = train(file, first, 1, 1, "tree", steps);
            rows.add(new Row(1, 1, "tree", "straight", reference, "reference"));
            show(rows);
            for (int[] placement : placements(recipe.workers())) {
                String name = "p" + placement[0] + "-l" + placement[1];
                String weights = train(file, folder.resolve(name), placement[0], placement[1], "tree", steps);
                add(rows, placement[0], placement[1], "tree", "straight", weights);
            }
            killedAndResumed(recipe, file, folder.resolve("killed"), rows);
            if (recipe.workers() % 2 == 0) {
                String weights = train(file, folder.resolve("native"), 2, 1, "native", steps);
                rows.add(new Row(2, 1, "native", "straight", weights, weights.equals(reference) ? "same" : "rounding"));
                show(rows);
            }
            double distance = distance(recipe, dataset, first);
            boolean same = rows.stream().allMatch(row -> !row.verdict.equals("DIFFERENT"));
            conclude(rows, distance, same);
            return same && distance < 1e-3 ? 0 : LockstepException.Kind.WORKER.exitCode();
        } finally {
            delete(folder);
        }
    }

    private static List<int[]> placements(int workers) {
        List<int[]> placements = new ArrayList<>();
        placements.add(new int[] {1, 2});
        for (int p = 2; p <= 4 && workers % p == 0; p *= 2) {
            placements.add(new int[] {p, 1});
        }
        return placements;
    }

    private void killedAndResumed(Recipe recipe, Path file, Path out, List<Row> rows) throws Exception {
        int processes = recipe.workers() % 2 == 0 ? 2 : 1;
        Process process = start(file, out, processes, 1, "tree", steps, List.of("--checkpoint-every", "1"));
        int half = steps / 2;
        while (process.isAlive() && newest(out) < half) {
            Thread.sleep(5);
        }
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().waitFor();
        long killedAt = newest(out);
        String weights = train(file, out, 1, 2, "tree", steps);
        add(rows, 1, 2, "tree", "killed at P = " + processes + ", resumed from step " + killedAt, weights);
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

    private void add(List<Row> rows, int processes, int lanes, String collective, String run, String weights) {
        String verdict = weights.equals(rows.get(0).weights) ? "same" : "DIFFERENT";
        rows.add(new Row(processes, lanes, collective, run, weights, verdict));
        show(rows);
    }

    private String train(Path recipe, Path out, int processes, int lanes, String collective, int stopAfter)
            throws Exception {
        Process process = start(recipe, out, processes, lanes, collective, stopAfter, List.of());
        int exitCode = process.waitFor();
        if (exitCode != 0) {
            String log = Files.readString(out.resolveSibling(out.getFileName() + ".log"));
            throw LockstepException.worker(
                    "a run failed, exit code = " + exitCode + ": " + lastLine(log),
                    "procs = " + processes + ", lanes = " + lanes + ", collective = " + collective,
                    "run 'lockstep doctor'");
        }
        return RunResult.read(out).weightsSha256();
    }

    private static String lastLine(String log) {
        return log.lines()
                .filter(line -> line.startsWith("error: "))
                .reduce((a, b) -> b)
                .orElse("no message");
    }

    private Process start(
            Path recipe, Path out, int processes, int lanes, String collective, int stopAfter, List<String> more)
            throws IOException {
        List<String> arguments = new ArrayList<>(List.of(
                "train",
                recipe.toString(),
                "--out",
                out.toString(),
                "--procs",
                Integer.toString(processes),
                "--lanes",
                Integer.toString(lanes),
                "--collective",
                collective,
                "--stop-after",
                Integer.toString(stopAfter)));
        data.ifPresent(folder -> arguments.addAll(List.of("--data", folder.toString())));
        arguments.addAll(more);
        Path log = out.resolveSibling(out.getFileName() + ".log");
        return ChildJvm.of(arguments)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    private double distance(Recipe recipe, OpenDataset dataset, Path run) {
        System.err.println("computing " + steps + " steps in float64 ...");
        SortedMap<String, double[]> exact =
                new ReferenceTraining(recipe, dataset, ResNet::fromRecipe).weightsAfter(steps);
        Path checkpoint = run.resolve("checkpoints").resolve("step-%08d.safetensors".formatted(steps));
        return ReferenceTraining.distance(Checkpoint.read(checkpoint).tensors(), exact);
    }

    private void show(List<Row> rows) {
        if (json) {
            return;
        }
        if (rows.size() == 1) {
            System.out.printf("%5s %5s  %-10s %-10s %-18s %s%n", "procs", "lanes", "collective", "", "weights", "run");
        }
        Row row = rows.get(rows.size() - 1);
        System.out.printf(
                Locale.ROOT,
                "%5d %5d  %-10s %-10s %-18s %s%n",
                row.processes,
                row.lanes,
                row.collective,
                row.verdict,
                row.weights.substring(0, 16),
                row.run);
    }

    private void conclude(List<Row> rows, double distance, boolean same) throws IOException {
        if (json) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("steps", steps);
            document.put("rows", rows);
            document.put("bitwise", same);
            document.put("distance_to_float64", distance);
            System.out.println(new ObjectMapper().writeValueAsString(document));
            return;
        }
        System.out.printf(
                Locale.ROOT, "distance to a float64 computation of the same %d steps: %.2g of |w|%n", steps, distance);
        System.out.println(
                same
                        ? "the weights are the same, bit by bit, in every run of the tree collective"
                        : "THE WEIGHTS DIFFER: run 'lockstep doctor', and report it as a bug of Lockstep");
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
