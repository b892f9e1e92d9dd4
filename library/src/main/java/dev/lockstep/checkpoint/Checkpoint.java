package dev.lockstep.checkpoint;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.model.FlatState;
import dev.lockstep.model.ParameterLayout;
import dev.lockstep.model.ParameterLayout.NormSlot;
import dev.lockstep.model.ParameterLayout.Slot;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.Tensors;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;

/**
 * Everything a run needs to go on: parameters and batch-norm buffers under torchvision's names, momentum under {@code
 * optimizer.momentum.<parameter>}, and as metadata the position, the resolved recipe and the dataset's fingerprint.
 *
 * @param step iterations done
 * @param recipe resolved, as YAML
 * @param datasetFingerprint of the training set
 * @param trainer the trainer's own books (sums of the epoch under way, results of past epochs), opaque here
 */
public record Checkpoint(
        long step, String recipe, String datasetFingerprint, String trainer, SortedMap<String, HostTensor> tensors) {
    private static final String FORMAT = "lockstep-1";
    private static final String MOMENTUM = "optimizer.momentum.";

    /** Copies the flat state into tensors by name. */
    public static SortedMap<String, HostTensor> tensors(
            ParameterLayout layout, Tensor parameters, Tensor momentum, Tensor running, long step) {
        SortedMap<String, HostTensor> tensors = new TreeMap<>();
        for (Slot slot : layout.slots()) {
            tensors.put(slot.name(), copy(parameters, slot));
            tensors.put(MOMENTUM + slot.name(), copy(momentum, slot));
        }
        float[] statistics = Tensors.toArray(running);
        for (NormSlot norm : layout.norms()) {
            tensors.put(norm.name() + ".running_mean", copy(statistics, norm.offset(), norm.channels()));
            tensors.put(
                    norm.name() + ".running_var", copy(statistics, norm.offset() + norm.channels(), norm.channels()));
            tensors.put(norm.name() + ".num_batches_tracked", HostTensor.ofLong(step));
        }
        return tensors;
    }

    private static HostTensor copy(Tensor flat, Slot slot) {
        try (StepScope scope = new StepScope()) {
            return HostTensor.of(Tensors.toArray(ParameterLayout.view(flat, slot)), slot.shape());
        }
    }

    private static HostTensor copy(float[] flat, long offset, int length) {
        float[] part = new float[length];
        System.arraycopy(flat, (int) offset, part, 0, length);
        return HostTensor.of(part, length);
    }

    /**
     * Puts the tensors into the flat state.
     *
     * @throws LockstepException of kind CHECKPOINT naming every tensor that is missing or has another shape
     */
    public void restore(FlatState state) {
        List<String> wrong = new ArrayList<>();
        for (Slot slot : state.layout().slots()) {
            check(slot.name(), slot.shape(), wrong);
            check(MOMENTUM + slot.name(), slot.shape(), wrong);
        }
        for (NormSlot norm : state.layout().norms()) {
            check(norm.name() + ".running_mean", new long[] {norm.channels()}, wrong);
            check(norm.name() + ".running_var", new long[] {norm.channels()}, wrong);
        }
        if (!wrong.isEmpty()) {
            throw LockstepException.checkpoint(
                    "checkpoint does not fit the network: " + String.join(", ", wrong),
                    "step = " + step,
                    "use the recipe it was made with");
        }
        try (StepScope scope = new StepScope()) {
            for (Slot slot : state.layout().slots()) {
                Tensors.assign(ParameterLayout.view(state.parameters(), slot), floats(slot.name()));
                Tensors.assign(ParameterLayout.view(state.momentum(), slot), floats(MOMENTUM + slot.name()));
            }
            for (NormSlot norm : state.layout().norms()) {
                Tensor statistics = state.running();
                Tensors.assign(
                        statistics.narrow(0, norm.offset(), norm.channels()), floats(norm.name() + ".running_mean"));
                Tensors.assign(
                        statistics.narrow(0, norm.offset() + norm.channels(), norm.channels()),
                        floats(norm.name() + ".running_var"));
            }
        }
    }

    private float[] floats(String name) {
        HostTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalStateException("tensor = " + name + " was checked to exist");
        }
        return tensor.floats();
    }

    private void check(String name, long[] shape, List<String> wrong) {
        HostTensor tensor = tensors.get(name);
        if (tensor == null) {
            wrong.add(name + " is missing");
        } else if (!Arrays.equals(tensor.shape(), shape) || tensor.type() != HostTensor.Type.F32) {
            wrong.add(name + " is " + tensor.type() + Arrays.toString(tensor.shape()) + " instead of F32"
                    + Arrays.toString(shape));
        }
    }

    Safetensors toFile() {
        return new Safetensors(
                Map.of(
                        "format_version",
                        FORMAT,
                        "step",
                        Long.toString(step),
                        "recipe",
                        recipe,
                        "dataset_fingerprint",
                        datasetFingerprint,
                        "trainer",
                        trainer),
                tensors);
    }

    /**
     * Reads and checks a checkpoint file.
     *
     * @throws LockstepException of kind CHECKPOINT
     */
    public static Checkpoint read(Path file) {
        Safetensors contents = Safetensors.readOwn(file);
        String format = contents.metadata().getOrDefault("format_version", "none");
        if (!format.equals(FORMAT)) {
            throw LockstepException.checkpoint(
                    "not a checkpoint of this version: format_version = " + format,
                    "file = " + file,
                    "expected " + FORMAT);
        }
        try {
            return new Checkpoint(
                    Long.parseLong(contents.metadata().getOrDefault("step", "")),
                    contents.metadata().getOrDefault("recipe", ""),
                    contents.metadata().getOrDefault("dataset_fingerprint", ""),
                    contents.metadata().getOrDefault("trainer", ""),
                    contents.tensors());
        } catch (NumberFormatException e) {
            throw LockstepException.checkpoint("damaged checkpoint: no step", "file = " + file, "use another one");
        }
    }

    /**
     * SHA-256 over all parameters in name order: for each its UTF-8 name, then its values as little-endian float32 in
     * row-major logical order.
     */
    public static String weightsSha256(ParameterLayout layout, Tensor parameters) {
        MessageDigest digest = Safetensors.sha256();
        layout.slots().stream().sorted((a, b) -> a.name().compareTo(b.name())).forEach(slot -> {
            digest.update(slot.name().getBytes(StandardCharsets.UTF_8));
            try (StepScope scope = new StepScope()) {
                float[] values = Tensors.toArray(ParameterLayout.view(parameters, slot));
                ByteBuffer bytes =
                        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
                bytes.asFloatBuffer().put(values);
                digest.update(bytes);
            }
        });
        return HexFormat.of().formatHex(digest.digest());
    }
}
