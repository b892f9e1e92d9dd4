package dev.lockstep.train;

import dev.lockstep.torch.Tensors;
import org.bytedeco.pytorch.Tensor;

/** Counts classification errors. */
final class Classification {
    private Classification() {}

    /**
     * Images whose class is not among the {@code top} largest logits. Equal logits count in the order of their classes.
     *
     * @param logits n × classes
     */
    static int wrong(Tensor logits, long[] labels, int top) {
        float[] values = Tensors.toArray(logits);
        int classes = values.length / labels.length;
        int wrong = 0;
        for (int i = 0; i < labels.length; i++) {
            int label = (int) labels[i];
            float own = values[i * classes + label];
            int ahead = 0;
            for (int c = 0; c < classes; c++) {
                float other = values[i * classes + c];
                if (other > own || other == own && c < label || Float.isNaN(other)) {
                    ahead++;
                }
            }
            if (ahead >= top || Float.isNaN(own)) {
                wrong++;
            }
        }
        return wrong;
    }
}
