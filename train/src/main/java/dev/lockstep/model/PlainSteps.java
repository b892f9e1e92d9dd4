package dev.lockstep.model;

import dev.lockstep.network.Operation;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.Tensors;
import java.util.Objects;
import java.util.function.IntConsumer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/** Steps of an {@link ExplicitPass} without parameters. */
final class PlainSteps {
    private PlainSteps() {}

    private static long[] pair(long value) {
        return new long[] {value, value};
    }

    /** The sum of two images. */
    record Sum(int y, int a, int b) implements ExplicitStep {
        @Override
        public int output() {
            return y;
        }

        @Override
        public int[] inputs() {
            return new int[] {a, b};
        }

        @Override
        public void forward(Tensor[] values) {
            values[y] = values[a].add(values[b]);
        }

        @Override
        public void backward(Tensor[] values, Tensor[] gradients, IntConsumer onComplete) {
            ExplicitStep.add(gradients, a, new Tensor(gradients[y]));
            ExplicitStep.add(gradients, b, new Tensor(gradients[y]));
        }
    }

    private static final class MaxPool implements ExplicitStep {
        private final int y;
        private final int x;
        private final Operation.MaxPool it;
        private @Nullable Tensor indices;

        MaxPool(int y, int x, Operation.MaxPool it) {
            this.y = y;
            this.x = x;
            this.it = it;
        }

        @Override
        public int output() {
            return y;
        }

        @Override
        public int[] inputs() {
            return new int[] {x};
        }

        @Override
        public void forward(Tensor[] values) {
            T_TensorTensor_T results = torch.max_pool2d_with_indices(
                    values[x], pair(it.kernel()), pair(it.stride()), pair(it.padding()), pair(1), false);
            values[y] = new Tensor(results.get0());
            indices = StepScope.keep(new Tensor(results.get1()));
        }

        @Override
        public void backward(Tensor[] values, Tensor[] gradients, IntConsumer onComplete) {
            Tensor kept = Objects.requireNonNull(indices);
            ExplicitStep.add(
                    gradients,
                    x,
                    torch.max_pool2d_with_indices_backward(
                            gradients[y],
                            values[x],
                            pair(it.kernel()),
                            pair(it.stride()),
                            pair(it.padding()),
                            pair(1),
                            false,
                            kept));
            kept.close();
            indices = null;
        }
    }

    /** Each with what turns the gradient of its output into that of its input. */
    static ExplicitStep of(int y, int x, Operation operation) {
        if (operation instanceof Operation.MaxPool pool) {
            return new MaxPool(y, x, pool);
        } else if (operation instanceof Operation.Relu) {
            return new Simple(
                    y, x, Tensor::relu, (values, dy) -> torch.threshold_backward(dy, values[y], new Scalar(0.0)));
        } else if (operation instanceof Operation.GlobalAverage) {
            return new Simple(y, x, value -> value.mean(2, 3), (values, dy) -> {
                long[] shape = values[x].shape();
                return dy.div(new Scalar((double) (shape[2] * shape[3])))
                        .view(shape[0], shape[1], 1, 1)
                        .expand(shape)
                        .contiguous(torch.MemoryFormat.ChannelsLast);
            });
        } else if (operation instanceof Operation.Subsample subsample) {
            return new Simple(y, x, value -> subsampled(value, subsample.stride()), (values, dy) -> {
                Tensor dx = torch.zeros_like(values[x]);
                subsampled(dx, subsample.stride()).copy_(dy);
                return dx;
            });
        } else if (operation instanceof Operation.PadChannels pad) {
            return new Simple(
                    y,
                    x,
                    value -> torch.constant_pad_nd(value, 0, 0, 0, 0, 0, pad.appended()),
                    (values, dy) -> dy.narrow(1, 0, dy.size(1) - pad.appended()));
        }
        throw new IllegalArgumentException("operation = " + operation);
    }

    private static Tensor subsampled(Tensor x, int stride) {
        return Tensors.slice(Tensors.slice(x, 2, 0, x.size(2), stride), 3, 0, x.size(3), stride);
    }

    private interface Forth {
        Tensor of(Tensor x);
    }

    private interface Back {
        Tensor of(Tensor[] values, Tensor gradient);
    }

    private record Simple(int y, int x, Forth forth, Back back) implements ExplicitStep {
        @Override
        public int output() {
            return y;
        }

        @Override
        public int[] inputs() {
            return new int[] {x};
        }

        @Override
        public void forward(Tensor[] values) {
            values[y] = forth.of(values[x]);
        }

        @Override
        public void backward(Tensor[] values, Tensor[] gradients, IntConsumer onComplete) {
            ExplicitStep.add(gradients, x, back.of(values, gradients[y]));
        }
    }
}
