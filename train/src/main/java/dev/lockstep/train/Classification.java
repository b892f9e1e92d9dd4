package dev.lockstep.train;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Counts classification errors with tensor operations. */
final class Classification {
    private Classification() {}

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
