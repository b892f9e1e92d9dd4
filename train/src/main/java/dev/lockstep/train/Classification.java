package dev.lockstep.train;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.HostBatch;
import dev.lockstep.image.Labels;
import java.util.Arrays;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Counts classification errors with tensor operations. */
final class Classification {
    private Classification() {}

    /**
     * Checks that a network fits the labels that it is to learn or to be measured by.
     *
     * @param logits of some of the batch's images, or all
     * @throws LockstepException of kind RECIPE when the network does not give each image one logit per class; of kind DATA
     *     when a label is outside the classes; both name a sample
     */
    static void requireFit(Tensor logits, HostBatch batch, int classes) {
        int[] samples = batch.request().samples();
        if (logits.dim() != 2 || logits.size(1) != classes) {
            throw LockstepException.recipe(
                    "the network has other outputs than classes: shape of its outputs = "
                            + Arrays.toString(logits.shape()) + ", classes = " + classes,
                    "sample = " + samples[0],
                    "let it give each image one output per class");
        }
        for (int i = 0; i < samples.length; i++) {
            Labels.require(batch.labels()[i], classes, "sample = " + samples[i]);
        }
    }

    /**
     * The number of classes ahead of the right one, an int64 per image: those with a larger logit, and those with an
     * equal logit and a smaller index. Classes whose logit is NaN are ahead; if that of the right class is NaN, all are.
     *
     * @param logits n × classes
     * @param labels n
     */
    static Tensor ahead(Tensor logits, Tensor labels) {
        Tensor values = logits.detach();
        Tensor label = labels.unsqueeze(1);
        Tensor own = values.gather(1, label);
        Tensor before =
                torch.arange(new Scalar(values.size(1)), labels.options()).lt(label);
        Tensor tied = values.eq(own).logical_and_(before);
        return values.le(own).logical_not().logical_or_(tied).sum(1);
    }

    /**
     * The number of images whose class is not among the {@code top} largest logits, as an int64 scalar.
     *
     * @param ahead of {@link #ahead}
     */
    static Tensor wrong(Tensor ahead, long classes, int top) {
        return ahead.ge(new Scalar(Math.min(top, classes))).sum();
    }
}
