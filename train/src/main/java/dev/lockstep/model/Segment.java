package dev.lockstep.model;

import dev.lockstep.model.ParameterLayout.Slot;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Consecutive parameters in the flat buffers, which an optimizer updates together. Tensors have one number per float of
 * the segment, the gaps between slots included; those are zero in every buffer, and must stay so.
 *
 * @param slots its parameters, whole, in the order of their offsets
 * @param from where it starts in the flat buffers, in floats
 * @param decayed how many of its leading floats take weight decay
 * @param parameters w
 * @param gradient g: the sum over all workers, of a loss that is normalized by kn; an update may use it as scratch
 * @param state the optimizer's buffers, by name
 */
public record Segment(
        List<Slot> slots, long from, long decayed, Tensor parameters, Tensor gradient, Map<String, Tensor> state) {
    /** One of the optimizer's buffers. */
    public Tensor state(String name) {
        Tensor buffer = state.get(name);
        if (buffer == null) {
            throw new IllegalArgumentException("state = " + name + ", the optimizer has " + state.keySet());
        }
        return buffer;
    }

    /** One parameter's part of a tensor of this segment, flat. */
    public Tensor part(Tensor tensor, Slot slot) {
        return tensor.narrow(0, slot.offset() - from, slot.length());
    }

    /** Whether a parameter takes weight decay. */
    public boolean isDecayed(Slot slot) {
        return slot.offset() - from < decayed;
    }
}
