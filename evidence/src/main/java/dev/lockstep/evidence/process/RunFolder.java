package dev.lockstep.evidence.process;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;

/** The folder of a run, which may be in the middle of writing it. */
public record RunFolder(Path path) {
    private static final Pattern STEP_SECONDS = Pattern.compile("\"step_seconds\":([0-9.E-]+)");
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Path checkpointFolder() {
        return path.resolve("checkpoints");
    }

    /** The checkpoints, oldest first. */
    public List<Path> checkpoints() {
        return list(checkpointFolder(), "step-*.safetensors");
    }

    public Path checkpoint(int step) {
        return checkpointFolder().resolve("step-%08d.safetensors".formatted(step));
    }

    private static List<Path> list(Path folder, String glob) {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder, glob)) {
            stream.forEach(files::add);
        } catch (IOException | DirectoryIteratorException e) {
            return List.of();
        }
        files.sort(null);
        return files;
    }

    /** The step of the newest checkpoint; 0 if there is none. */
    public int newest() {
        List<Path> files = checkpoints();
        if (files.isEmpty()) {
            return 0;
        }
        String name = files.get(files.size() - 1).getFileName().toString();
        return Integer.parseInt(name.substring("step-".length(), name.length() - ".safetensors".length()));
    }

    /** The running Lockstep processes of this run, whoever is their parent. */
    public List<ProcessHandle> trainers() {
        return ProcessHandle.allProcesses()
                .filter(process -> CommandLines.has(process, "dev.lockstep.cli.Main train"))
                .filter(process -> CommandLines.has(process, "--out " + path))
                .toList();
    }

    public boolean awaitStep(int step) {
        return Await.within(60_000, () -> newest() >= step);
    }

    /** Temporary files of checkpoints: one is being written, or was when its process ended. */
    public List<Path> unfinished() {
        return list(checkpointFolder(), "*.tmp");
    }

    public boolean writing() {
        return !unfinished().isEmpty();
    }

    /** The number of checkpoints that a run from an earlier step has set aside. */
    public int superseded() {
        return list(checkpointFolder(), "*.superseded").size();
    }

    public Log metrics() {
        return new Log(path.resolve("metrics.jsonl"));
    }

    /** The durations of its steps, in order. */
    public List<Double> stepSeconds() {
        return metrics().lines().stream()
                .flatMap(line -> STEP_SECONDS.matcher(line).results())
                .map(found -> Double.valueOf(found.group(1)))
                .toList();
    }

    public boolean evaluated() {
        return metrics().says("\"type\":\"epoch\"");
    }

    /** The results of its evaluations, without their duration. */
    public List<String> evaluations() {
        return metrics().lines().stream()
                .filter(line -> line.contains("\"type\":\"epoch\""))
                .map(line -> line.replaceAll(".*(\"validation_top1_error\".*),\"seconds\".*", "$1"))
                .toList();
    }

    public Log rankLog(int rank) {
        return new Log(path.resolve("logs/rank-" + rank + ".log"));
    }

    /** The result of the run; missing before its end. */
    public JsonNode result() {
        try {
            return MAPPER.readTree(path.resolve("result.json").toFile());
        } catch (IOException e) {
            return MissingNode.getInstance();
        }
    }

    /** Whether a run has saved its state and ended before its last step. */
    public boolean hasStopped() {
        return result().path("status").asText().equals("interrupted")
                && result().path("steps").asInt() == newest();
    }

    public boolean hasResult() {
        return !result().isMissingNode();
    }

    /** The hash of its weights; empty without a result. */
    public String weights() {
        return result().path("weights_sha256").asText("");
    }

    /** A hash of all tensors of the newest checkpoint: parameters, momentum and running statistics. */
    public String tensors() {
        List<Path> files = checkpoints();
        if (files.isEmpty()) {
            return "";
        }
        try {
            byte[] bytes = Files.readAllBytes(files.get(files.size() - 1));
            int start = Long.BYTES
                    + Math.toIntExact(ByteBuffer.wrap(bytes)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .getLong(0));
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(bytes, start, bytes.length - start);
            return HexFormat.of().formatHex(digest.digest());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Whether two runs of equally many steps end with the same weights and the same checkpoint contents. */
    public boolean sameAs(RunFolder other) {
        return weights().matches("[0-9a-f]{64}")
                && weights().equals(other.weights())
                && !tensors().isEmpty()
                && tensors().equals(other.tensors());
    }
}
