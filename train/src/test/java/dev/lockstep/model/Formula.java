package dev.lockstep.model;

import dev.lockstep.torch.Tensors;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.StringTensorDict;
import org.bytedeco.pytorch.Tensor;

/** The numbers of golden/imagenet_models.py: both sides compute them exactly. */
public final class Formula {
    private static final long PIXELS = 1L << 28;
    private static final long LABELS = 1L << 29;

    private Formula() {}

    /** An integer hash of the index as a number in [−0.5, 0.5) with 16 bits. */
    public static double unit(long index) {
        long x = (index * 2654435761L + 12345) & 0xFFFFFFFFL;
        x = ((x ^ (x >> 15)) * 2246822519L) & 0xFFFFFFFFL;
        x ^= x >> 13;
        return (x >> 16) / 65536.0 - 0.5;
    }

    private static float[] values(long start, int count, double scale, double offset) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (unit(start + i) * scale + offset);
        }
        return values;
    }

    /** Fills parameters and running statistics: He-like kernels, and a small γ in the last batch norm of every block. */
    public static void fill(Module network, String lastNorm) {
        Map<String, Tensor> state = new TreeMap<>();
        collect(network.named_parameters(), state);
        collect(network.named_buffers(), state);
        long start = 0;
        for (Map.Entry<String, Tensor> entry : state.entrySet()) {
            String name = entry.getKey();
            Tensor tensor = entry.getValue();
            if (name.endsWith("num_batches_tracked")) {
                continue;
            }
            int count = (int) tensor.numel();
            Tensors.assign(tensor, values(name, tensor, start, count, lastNorm));
            start += count;
        }
    }

    private static float[] values(String name, Tensor tensor, long start, int count, String lastNorm) {
        if (tensor.dim() > 1) {
            return values(start, count, Math.sqrt(24 / ((double) count / tensor.size(0))), 0);
        } else if (name.endsWith("running_mean") || name.endsWith("bias")) {
            return values(start, count, 0.25, 0);
        } else if (name.endsWith("running_var")) {
            return values(start, count, 1, 1);
        }
        return values(start, count, 0.25, name.endsWith("." + lastNorm + ".weight") ? 0.25 : 1);
    }

    private static void collect(StringTensorDict dict, Map<String, Tensor> into) {
        for (long i = 0; i < dict.size(); i++) {
            into.put(dict.get(i).key().getString(), dict.get(i).value());
        }
    }

    /** Images from the {@code first}, 3 × side × side each, channels first. */
    public static float[] images(long first, int count, int side) {
        int floats = 3 * side * side;
        return values(PIXELS + first * floats, count * floats, 4, 0);
    }

    /** Labels of the images from the {@code first}, of 1000 classes. */
    public static long[] labels(long first, int count) {
        long[] labels = new long[count];
        Arrays.setAll(labels, i -> (long) ((unit(LABELS + first + i) + 0.5) * 1000));
        return labels;
    }
}
