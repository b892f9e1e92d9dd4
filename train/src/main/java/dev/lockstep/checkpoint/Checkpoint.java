package dev.lockstep.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.model.FlatState;
import dev.lockstep.model.ParameterLayout;
import dev.lockstep.text.Json;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.Tensors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * All state that a run needs to resume: parameters and batch-norm buffers under torchvision's names, the optimizer's
 * state under {@code optimizer.<state>.<parameter>} such as {@code optimizer.momentum.fc.bias}, and, as metadata, the
 * position, the resolved recipe and the dataset's fingerprint.
 *
 * @param step iterations done
 * @param epoch whole epochs done
 * @param iteration iterations done of the current epoch
 * @param recipe resolved, as YAML
 * @param datasetFingerprint of the training set
 * @param classNames of the dataset, by class; empty when unknown
 * @param trainer the trainer's own state (sums of the current epoch, results of past epochs), opaque here
 */
public record Checkpoint(
        long step,
        long epoch,
        long iteration,
        String recipe,
        String datasetFingerprint,
        List<String> classNames,
        String trainer,
        Map<String, HostTensor> tensors) {
    private static final String FORMAT_KEY = "format_version";
    private static final String FORMAT = "lockstep-1";
    private static final String CLASS_NAMES = "class_names";
    /** Characters of all class names together. Longer ones would not fit into the header and are left out. */
    private static final int MOST_CLASS_NAMES = 1 << 25;

    public Checkpoint {
        classNames = List.copyOf(classNames);
        tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    }

    /**
     * Checks that step, epoch and iteration are one position.
     *
     * @throws LockstepException of kind CHECKPOINT
     */
    public void requirePosition(int iterationsPerEpoch) {
        if (epoch != step / iterationsPerEpoch || iteration != step % iterationsPerEpoch) {
            throw LockstepException.checkpoint(
                    "checkpoint has an inconsistent position: step = " + step + ", epoch = " + epoch + ", iteration = "
                            + iteration,
                    "iterations per epoch = " + iterationsPerEpoch,
                    "use another one");
        }
    }

    /** Copies the flat state into tensors by name: the state dict in its order, then the optimizer's state. */
    public static Map<String, HostTensor> tensors(FlatState state, long step) {
        Map<String, HostTensor> tensors = NamedState.copy(state.layout(), state.parameters(), state.running(), step);
        tensors.putAll(NamedState.copyOptimizer(state));
        return tensors;
    }

    /**
     * Puts the tensors into the flat state.
     *
     * @throws LockstepException of kind CHECKPOINT naming every tensor that is missing, unexpected or of a different shape
     */
    public void restore(FlatState state) {
        String misfits = NamedState.misfits(state.layout(), state.optimizer().keySet(), tensors);
        if (!misfits.isEmpty()) {
            throw LockstepException.checkpoint(
                    "checkpoint does not fit the network: " + misfits,
                    "step = " + step,
                    "use the recipe it was made with");
        }
        NamedState.assign(state, tensors);
        NamedState.assignOptimizer(state, tensors);
    }

    /** @throws IOException when a value is not finite: training could not resume from it */
    Safetensors toFile() throws IOException {
        Optional<String> bad = HostTensor.firstNotFinite(tensors);
        if (bad.isPresent()) {
            throw new IOException("tensor " + bad.get() + " is not finite");
        }
        Map<String, String> metadata = new HashMap<>();
        metadata.put(FORMAT_KEY, FORMAT);
        metadata.put("step", Long.toString(step));
        metadata.put("epoch", Long.toString(epoch));
        metadata.put("iteration", Long.toString(iteration));
        metadata.put("recipe", recipe);
        metadata.put("dataset_fingerprint", datasetFingerprint);
        long characters = classNames.stream().mapToLong(String::length).sum();
        String names = characters <= MOST_CLASS_NAMES ? Json.line(classNames) : "[]";
        metadata.put(CLASS_NAMES, names.length() <= MOST_CLASS_NAMES ? names : "[]");
        metadata.put("trainer", trainer);
        return new Safetensors(metadata, tensors);
    }

    /**
     * Whether a file is a checkpoint, rather than plain weights.
     *
     * @throws LockstepException of kind CHECKPOINT when it is missing or damaged
     */
    public static boolean isOne(Path file) {
        return !Weights.isTorchFile(file) && Safetensors.readMetadata(file).containsKey(FORMAT_KEY);
    }

    /**
     * Reads and checks a checkpoint file.
     *
     * @throws LockstepException of kind CHECKPOINT
     */
    public static Checkpoint read(Path file) {
        Safetensors contents = Safetensors.readOwn(file);
        String format = contents.metadata().getOrDefault(FORMAT_KEY, "none");
        if (!format.equals(FORMAT)) {
            throw LockstepException.checkpoint(
                    "not a checkpoint of this version: format_version = " + format,
                    "file = " + file,
                    "expected " + FORMAT);
        }
        Optional<String> bad = HostTensor.firstNotFinite(contents.tensors());
        if (bad.isPresent()) {
            throw LockstepException.checkpoint(
                    "cannot resume from this checkpoint: tensor " + bad.get() + " is not finite",
                    "file = " + file,
                    "use an earlier one");
        }
        return new Checkpoint(
                number(file, contents, "step"),
                number(file, contents, "epoch"),
                number(file, contents, "iteration"),
                text(file, contents, "recipe"),
                text(file, contents, "dataset_fingerprint"),
                texts(file, contents, CLASS_NAMES),
                text(file, contents, "trainer"),
                contents.tensors());
    }

    private static String text(Path file, Safetensors contents, String key) {
        String text = contents.metadata().get(key);
        if (text == null) {
            throw damaged(file, "no " + key);
        }
        return text;
    }

    private static long number(Path file, Safetensors contents, String key) {
        String text = text(file, contents, key);
        if (!text.matches("[0-9]{1,18}")) {
            throw damaged(file, key + " = " + text);
        }
        return Long.parseLong(text);
    }

    private static List<String> texts(Path file, Safetensors contents, String key) {
        try {
            return List.of(Json.MAPPER.readValue(text(file, contents, key), String[].class));
        } catch (JsonProcessingException | NullPointerException e) {
            throw damaged(file, key + " is malformed");
        }
    }

    private static LockstepException damaged(Path file, String what) {
        return LockstepException.checkpoint("damaged checkpoint: " + what, "file = " + file, "use another one");
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
