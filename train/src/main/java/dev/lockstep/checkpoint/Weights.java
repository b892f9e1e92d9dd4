package dev.lockstep.checkpoint;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.model.FlatState;
import dev.lockstep.model.ParameterLayout;
import dev.lockstep.torch.Tensors;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.StringTensorDict;

/**
 * The weights of a network: a state dict of parameters and running statistics under torchvision's names, without
 * optimizer state. Can be read from and written to safetensors and PyTorch files, and read from checkpoints.
 *
 * @param source where the weights come from, for messages
 * @param tensors tensors by name, in file order: float32, except for the int64 batch counters
 */
public record Weights(String source, Map<String, HostTensor> tensors) {
    private static final String SAFETENSORS = ".safetensors";
    /** The metadata that PyTorch's readers expect. */
    private static final Map<String, String> FORMAT = Map.of("format", "pt");

    private static final List<String> TORCH = List.of(".pt", ".pth");

    public Weights {
        tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    }

    /**
     * Reads a safetensors file, a checkpoint or a file written by {@code torch.save}; the format is detected from the
     * contents. Other floating-point types are converted to float32, the state dict in a training checkpoint is found
     * under its usual keys, and the prefix {@code module.} is removed from names.
     *
     * @throws LockstepException of kind CHECKPOINT when the file is missing, damaged or contains no state dict
     */
    public static Weights read(Path file) {
        boolean torch = isTorchFile(file);
        return torch
                ? readTorch(file)
                : of("file = " + file, Safetensors.read(file).tensors());
    }

    private static Weights readTorch(Path file) {
        try {
            return new Weights("file = " + file, TorchFile.read(file));
        } catch (OutOfMemoryError e) {
            throw Safetensors.tooLarge(file);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    static boolean isTorchFile(Path file) {
        try {
            return TorchFile.matches(file);
        } catch (NoSuchFileException e) {
            throw LockstepException.checkpoint("no such file", "file = " + file, "check the path");
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static LockstepException unreadable(Path file, IOException cause) {
        return new LockstepException(
                LockstepException.Kind.CHECKPOINT,
                "cannot read the file: " + cause.getMessage(),
                "file = " + file,
                "check the path and its permissions",
                cause);
    }

    /** The weights in a checkpoint. */
    public static Weights of(Checkpoint checkpoint) {
        return of("checkpoint of step = " + checkpoint.step(), checkpoint.tensors());
    }

    /** A copy of a network's current weights. */
    public static Weights of(FlatState state, long step) {
        return new Weights("the network", NamedState.copy(state.layout(), state.parameters(), state.running(), step));
    }

    private static Weights of(String source, Map<String, HostTensor> all) {
        Map<String, HostTensor> own = new LinkedHashMap<>(all);
        own.keySet().removeIf(name -> name.startsWith(NamedState.OPTIMIZER));
        return new Weights(source, own);
    }

    /**
     * Writes a file whose contents {@code load_state_dict(…, strict=True)} accepts: {@code .safetensors}, or {@code
     * .pt} and {@code .pth} for {@code torch.load(…, weights_only=True)}. Equal weights give equal files.
     *
     * @throws LockstepException of kind RECIPE when the name has another extension or the file cannot be written; of
     *     kind CHECKPOINT when a value is not finite
     */
    public void write(Path file) {
        String name = file.getFileName().toString();
        boolean torch = TORCH.stream().anyMatch(name::endsWith);
        if (!torch && !name.endsWith(SAFETENSORS)) {
            throw LockstepException.recipe("unknown file extension", "out = " + file, "use .safetensors, .pt or .pth");
        }
        requireFinite();
        try {
            DurableFiles.write(file, out -> {
                if (torch) {
                    TorchFileWriter.write(Channels.newOutputStream(out), tensors);
                } else {
                    new Safetensors(FORMAT, tensors).write(out);
                }
            });
        } catch (IOException e) {
            throw new LockstepException(
                    LockstepException.Kind.RECIPE,
                    "cannot write the file: " + e,
                    "out = " + file,
                    "use a path in a writable folder",
                    e);
        }
    }

    /**
     * Whether {@link #write} may replace a file: it does not exist, or was written by {@link #write}. Checkpoints and
     * other tools' weights are protected because they are harder to recreate.
     */
    public static boolean isReplaceable(Path file) {
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return true;
        }
        try {
            return Files.isRegularFile(file)
                    && (TorchFile.matches(file) ? TorchFileWriter.wrote(file) : Safetensors.wrote(file, FORMAT));
        } catch (IOException | LockstepException e) {
            return false;
        }
    }

    /**
     * Checks that every value is finite. Other values are useless, and a sign of diverged training.
     *
     * @throws LockstepException of kind CHECKPOINT naming the first tensor with a value that is not finite
     */
    public void requireFinite() {
        HostTensor.firstNotFinite(tensors).ifPresent(name -> {
            throw LockstepException.checkpoint(
                    "weights are not finite: tensor = " + name, source, "use those of an earlier checkpoint");
        });
    }

    /** These weights without one layer, such as the head of a network. */
    public Weights without(String layer) {
        Map<String, HostTensor> others = new LinkedHashMap<>(tensors);
        others.keySet().removeIf(name -> name.startsWith(layer + "."));
        return new Weights(source, others);
    }

    /**
     * Checks that these weights fit a network.
     *
     * @throws LockstepException of kind CHECKPOINT naming every tensor that is missing, unexpected or of another shape
     */
    public void requireFit(ParameterLayout layout) {
        requireFit(layout, name -> true);
    }

    private void requireFit(ParameterLayout layout, Predicate<String> wanted) {
        String misfits = NamedState.misfits(layout, Set.of(), tensors, wanted);
        if (!misfits.isEmpty()) {
            throw LockstepException.checkpoint(
                    "weights do not fit the network: " + misfits,
                    source,
                    "use the recipe and the dataset (number of classes) that they were trained with"
                            + (isOfOtherClasses(layout) ? ", or train a new head" : ""));
        }
    }

    /** Whether they fit but for the last layer, whose shape follows from the number of classes. */
    private boolean isOfOtherClasses(ParameterLayout layout) {
        String head = layout.head();
        return tensors.keySet().stream().anyMatch(name -> name.startsWith(head + "."))
                && NamedState.misfits(layout, Set.of(), without(head).tensors, name -> !name.startsWith(head + "."))
                        .isEmpty();
    }

    /**
     * Copies the weights into a network's state, leaving the optimizer's state unchanged.
     *
     * @throws LockstepException as for {@link #requireFit}
     */
    public void assignTo(FlatState state) {
        requireFit(state.layout());
        NamedState.assign(state, tensors);
    }

    /**
     * Copies the weights into a standalone network, which owns its memory.
     *
     * @throws LockstepException as for {@link #requireFit}
     */
    public void assignTo(Module network) {
        requireFit(ParameterLayout.of(network));
        assign(network);
    }

    /**
     * Copies the weights of all layers but one into a standalone network.
     *
     * @param layer keeps its weights, whatever these weights have for it
     * @throws LockstepException as for {@link #requireFit}
     */
    public void assignTo(Module network, String layer) {
        Weights others = without(layer);
        others.requireFit(ParameterLayout.of(network), name -> !name.startsWith(layer + "."));
        others.assign(network);
    }

    private void assign(Module network) {
        StringTensorDict parameters = network.named_parameters();
        StringTensorDict buffers = network.named_buffers();
        tensors.forEach((name, tensor) -> {
            if (!isCounter(name)) {
                Tensors.assign((parameters.contains(name) ? parameters : buffers).get(name), tensor.floats());
            }
        });
    }

    /**
     * An identifier for these weights in recipes, independent of the file format: {@code sha256:} and the SHA-256 over
     * parameters and running statistics in name order, for each its UTF-8 name and then its values as little-endian
     * float32 in row-major order.
     */
    public String id() {
        MessageDigest digest = Safetensors.sha256();
        new TreeMap<>(tensors).forEach((name, tensor) -> {
            if (!isCounter(name)) {
                digest.update(name.getBytes(StandardCharsets.UTF_8));
                digest.update(tensor.data().duplicate());
            }
        });
        return "sha256:" + HexFormat.of().formatHex(digest.digest());
    }

    private static boolean isCounter(String name) {
        return name.endsWith(".num_batches_tracked");
    }
}
