package dev.lockstep.model;

import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;

/**
 * What one lane computes for one worker after another: forward, loss and backward. It writes the gradients and the batch
 * statistics where {@link Engine.Input} says, and reports every gradient that is complete.
 */
public interface WorkerPass extends AutoCloseable {
    /** Called between steps: the parameters have changed. */
    void parametersChanged();

    /**
     * Computes one worker. The gradients are of its mean loss divided by {@code workers}.
     *
     * @param images n × channels × height × width, float32, channels last in memory
     * @param labels n classes, int64
     * @param onLogits called with the logits before the loss is computed; may throw
     */
    Outcome compute(Tensor images, Tensor labels, int workers, Consumer<Tensor> onLogits);

    /**
     * The results of a worker, valid until the next.
     *
     * @param logits n × classes
     * @param loss the mean over the images, one number
     */
    record Outcome(Tensor logits, Tensor loss) {}

    @Override
    void close();
}
