package dev.lockstep.report;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.metrics.RunTail;
import dev.lockstep.metrics.StepMetrics;
import dev.lockstep.text.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where two runs part: the first step whose loss or error differs in any bit, and the first tensor that differs in the first
 * checkpoint of the same step that does.
 *
 * @param commonSteps steps that both runs have done
 * @param step the first one that differs; 0 if there is none
 * @param one the loss of the first run there
 * @param other that of the second
 * @param checkpoint the step of the first common checkpoint that differs; 0 if none was found
 * @param tensor the first one that differs in it
 */
public record RunDifference(long commonSteps, long step, double one, double other, long checkpoint, String tensor) {
    private static final int LONGEST_HEADER = 100_000_000;

    /** The last one found, because a live page asks again and again. */
    private record Known(Path first, Path second, long sign, long millis, RunDifference found) {}

    private static final long AGAIN_MILLIS = 30_000;
    private static final AtomicReference<@Nullable Known> KNOWN = new AtomicReference<>();

    /** The difference of two runs, up to half a minute old if they go on and have not parted. */
    static RunDifference recent(RunView first, RunView second) {
        long sign = first.lastSign() + second.lastSign();
        long now = System.currentTimeMillis();
        Known known = KNOWN.get();
        if (known != null
                && known.first.equals(first.folder())
                && known.second.equals(second.folder())
                && (known.sign == sign || now - known.millis < AGAIN_MILLIS)) {
            return known.found;
        }
        RunDifference found = of(first.folder(), second.folder());
        KNOWN.set(new Known(first.folder(), second.folder(), sign, now, found));
        return found;
    }

    /** Compares two run folders. */
    public static RunDifference of(Path first, Path second) {
        try {
            List<StepMetrics> a = steps(first);
            List<StepMetrics> b = steps(second);
            int common = Math.min(a.size(), b.size());
            int at = 0;
            while (at < common && same(a.get(at), b.get(at))) {
                at++;
            }
            Found found = firstTensor(first, second);
            return at < common
                    ? new RunDifference(
                            common,
                            a.get(at).step(),
                            a.get(at).loss(),
                            b.get(at).loss(),
                            found.step,
                            found.tensor)
                    : new RunDifference(common, 0, Double.NaN, Double.NaN, found.step, found.tensor);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean same(StepMetrics a, StepMetrics b) {
        return a.step() == b.step()
                && Double.compare(a.loss(), b.loss()) == 0
                && Double.compare(a.top1Error(), b.top1Error()) == 0;
    }

    private static List<StepMetrics> steps(Path folder) throws IOException {
        List<StepMetrics> steps = new ArrayList<>();
        RunTail.metrics(folder).poll(record -> {
            if (record instanceof StepMetrics step) {
                steps.add(step);
            }
        });
        return steps;
    }

    private record Found(long step, String tensor) {}

    private static Found firstTensor(Path first, Path second) throws IOException {
        TreeMap<String, Path> a = checkpoints(first);
        TreeMap<String, Path> b = checkpoints(second);
        for (var entry : a.entrySet()) {
            Path other = b.get(entry.getKey());
            if (other != null) {
                Optional<String> tensor = differing(entry.getValue(), other);
                if (tensor.isPresent()) {
                    return new Found(Long.parseLong(entry.getKey().replaceAll("[^0-9]", "")), tensor.get());
                }
            }
        }
        return new Found(0, "");
    }

    private static TreeMap<String, Path> checkpoints(Path folder) throws IOException {
        TreeMap<String, Path> found = new TreeMap<>();
        Path checkpoints = folder.resolve("checkpoints");
        if (Files.isDirectory(checkpoints)) {
            try (Stream<Path> files = Files.list(checkpoints)) {
                files.filter(file -> file.getFileName().toString().matches("step-[0-9]{1,18}\\.safetensors"))
                        .forEach(file -> found.put(file.getFileName().toString(), file));
            }
        }
        return found;
    }

    /** The first tensor, in the order of the file, whose bytes differ. */
    private static Optional<String> differing(Path one, Path other) throws IOException {
        try (FileChannel a = FileChannel.open(one);
                FileChannel b = FileChannel.open(other)) {
            Header headerA = header(a, one);
            Header headerB = header(b, other);
            List<String> names = new ArrayList<>();
            headerA.tensors.fieldNames().forEachRemaining(names::add);
            names.remove("__metadata__");
            names.sort((x, y) -> Long.compare(from(headerA.tensors.path(x)), from(headerA.tensors.path(y))));
            for (String name : names) {
                if (!bytes(a, headerA, name).equals(bytes(b, headerB, name))) {
                    return Optional.of(name);
                }
            }
            return Optional.empty();
        }
    }

    private static long from(JsonNode tensor) {
        return tensor.path("data_offsets").path(0).asLong();
    }

    /** @param start where the bytes of the tensors begin in the file */
    private record Header(JsonNode tensors, long start) {}

    private static Header header(FileChannel file, Path path) throws IOException {
        long length = read(file, 0, Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).getLong();
        if (length < 2 || length > LONGEST_HEADER) {
            throw new IOException("not a safetensors file: " + path);
        }
        JsonNode header =
                Json.MAPPER.readTree(read(file, Long.BYTES, (int) length).array());
        if (header == null || !header.isObject()) {
            throw new IOException("not a safetensors file: " + path);
        }
        return new Header(header, Long.BYTES + length);
    }

    private static ByteBuffer bytes(FileChannel file, Header header, String name) throws IOException {
        JsonNode tensor = header.tensors.path(name);
        long end = tensor.path("data_offsets").path(1).asLong();
        return read(file, header.start + from(tensor), (int) Math.max(0, end - from(tensor)));
    }

    private static ByteBuffer read(FileChannel file, long position, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        while (buffer.hasRemaining() && file.read(buffer, position + buffer.position()) >= 0) {
            continue;
        }
        if (buffer.hasRemaining()) {
            throw new IOException("file is too short");
        }
        return buffer.flip();
    }

    /** What it says, in one sentence or two. */
    public String sentence() {
        String steps = step == 0
                ? "The two runs have the same losses and errors, to the last bit, in all " + commonSteps
                        + " steps that both have done."
                : "The two runs part at step " + step + ": loss = " + one + " and " + other + ".";
        String tensors = checkpoint == 0
                ? ""
                : " In their checkpoints of step " + checkpoint + " the first tensor that differs is " + tensor + ".";
        return steps + tensors;
    }
}
