package dev.lockstep.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.metrics.JournalEntry;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.text.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Random;

/** A run folder that grows as that of a run in progress does, with invented numbers. */
public final class LiveFolder {
    /** A dataset whose facts are known, so that the cost model can predict. */
    private static final String RECIPE = """
            epochs: 10
            workers: 32
            data:
              dataset: fashion-mnist
            model:
              name: resnet20
            learning-rate:
              reference: %s
            """;

    private final Path folder;
    private final Random random;
    private final double level;
    private final int perEpoch;
    private long step;

    /** @param perEpoch iterations */
    public LiveFolder(Path folder, String name, double reference, int perEpoch, long seed) throws IOException {
        this.folder = folder;
        this.random = new Random(seed);
        this.level = 0.08 + 0.02 * random.nextDouble();
        this.perEpoch = perEpoch;
        Files.createDirectories(folder);
        Files.writeString(
                folder.resolve("recipe.yaml"),
                RecipeFile.parse(String.format(java.util.Locale.ROOT, RECIPE, reference), "live", Map.of("name", name))
                        .toYaml());
        Files.writeString(folder.resolve(".lock"), "");
        Files.writeString(folder.resolve(MetricsFile.NAME), "");
        Files.writeString(folder.resolve(JournalEntry.NAME), "");
    }

    public Path folder() {
        return folder;
    }

    /** The run begins in this very process. */
    public void start(int processes) throws IOException {
        ObjectNode entry = entry("started", 0, "");
        entry.putObject("start")
                .put("processes", processes)
                .put("lanes", 2)
                .put("bitwise", true)
                .put("parameters", 272_474)
                .put("iterations_per_epoch", perEpoch)
                .put("pid", ProcessHandle.current().pid())
                .put(
                        "host",
                        Files.readString(Path.of("/proc/sys/kernel/hostname")).strip());
        journal(entry);
    }

    public void steps(int count) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            step++;
            double progress = (double) step / perEpoch;
            double error = level + 0.8 / (1 + 2 * progress) + 0.02 * random.nextGaussian();
            ObjectNode line = Json.MAPPER.createObjectNode().put("type", "step");
            line.put("step", step).put("epoch", (int) ((step - 1) / perEpoch));
            line.put("learning_rate", 0.4 * Math.min(1, progress / 2) * (progress > 7 ? 0.1 : 1));
            line.put("loss", 2.3 * error + 0.05).put("train_top1_error", Math.max(0.01, error));
            double seconds = 0.21 + 0.015 * random.nextGaussian();
            line.put("images_per_second", 1024 / seconds).put("step_seconds", seconds);
            line.put("data_wait_seconds", 0.002).put("exposed_communication_seconds", 0.011);
            line.put("noise_scale", 300 + 200 * progress + 20 * random.nextGaussian());
            lines.append(line).append('\n');
            if (step % perEpoch == 0) {
                ObjectNode epoch = Json.MAPPER.createObjectNode().put("type", "epoch");
                epoch.put("epoch", step / perEpoch - 1).put("step", step);
                epoch.put("train_loss", 2.3 * error).put("train_top1_error", level + 0.8 / (1 + 2 * progress));
                epoch.put("validation_top1_error", level + 0.02 + 0.7 / (1 + 2 * progress));
                epoch.putNull("validation_top5_error").put("validation_loss", 2 * error);
                epoch.put("seconds", 0.21 * perEpoch + 2);
                lines.append(epoch).append('\n');
            }
        }
        append(MetricsFile.NAME, lines.toString());
    }

    /** @param slow the rank that is late; negative: none */
    public void workers(int processes, int slow) throws IOException {
        ObjectNode entry = entry("workers", step, "");
        ObjectNode workers = entry.putObject("workers").put("step", step).put("steps", 10);
        ArrayNode all = workers.putArray("processes");
        int each = 32 / processes;
        for (int rank = 0; rank < processes; rank++) {
            int count = rank == processes - 1 ? 32 - each * (processes - 1) : each;
            double factor = rank == slow ? 1.6 : 1;
            ObjectNode process = all.addObject().put("rank", rank).put("host", "node" + (1 + rank / 2));
            process.put("first_worker", rank * each).put("lanes", 2).put("step_seconds", 0.21);
            process.put("compute_seconds", factor * 0.021 * count / 2).put("data_wait_seconds", 0.002);
            process.put("exposed_seconds", 0.011).put("update_seconds", 0.009).put("checkpoint_seconds", 0.004);
            ArrayNode seconds = process.putArray("worker_seconds");
            for (int i = 0; i < count; i++) {
                seconds.add(factor * (0.021 + 0.0015 * random.nextGaussian()));
            }
        }
        journal(entry);
    }

    public void event(String type, String text) throws IOException {
        journal(entry(type, step, text));
    }

    public void alert(String kind, String text) throws IOException {
        journal(entry("alert", step, text).put("kind", kind));
    }

    public void group(int processes, String text) throws IOException {
        journal(entry("group", step, text).put("processes", processes));
    }

    public void checkpoint() throws IOException {
        journal(entry("audit", step, ""));
        journal(entry("checkpoint", step, String.format("step-%08d.safetensors", step))
                .put("bytes", 2_200_000));
    }

    private static ObjectNode entry(String type, long step, String text) {
        return Json.MAPPER
                .createObjectNode()
                .put("type", type)
                .put("time", System.currentTimeMillis())
                .put("step", step)
                .put("text", text);
    }

    private void journal(ObjectNode entry) throws IOException {
        append(JournalEntry.NAME, entry + "\n");
    }

    private void append(String name, String text) throws IOException {
        Files.writeString(folder.resolve(name), text, StandardOpenOption.APPEND);
    }
}
