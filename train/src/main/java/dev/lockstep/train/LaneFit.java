package dev.lockstep.train;

import dev.lockstep.image.ImageShape;
import dev.lockstep.model.Engine;
import dev.lockstep.model.Engines;
import dev.lockstep.model.FlatState;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.model.LayerGroups;
import dev.lockstep.model.WorkerPass;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.StepScope;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.pytorch.Tensor;

/** How many lanes the memory of a device holds: one worker is computed, and the allocator says what it needed. */
final class LaneFit {
    /**
     * The part of the free memory that stays free. Libraries choose other algorithms, and so other bits, where a workspace does
     * not fit.
     */
    static final double RESERVE = 0.15;

    /** More lanes than this share the device's units without filling them better. */
    static final int MOST = 8;

    private final Recipe recipe;
    private final FlatState state;
    private final LayerGroups groups;
    private final ImageShape shape;

    LaneFit(Recipe recipe, FlatState state, LayerGroups groups, ImageShape shape) {
        this.recipe = recipe;
        this.state = state;
        this.groups = groups;
        this.shape = shape;
    }

    /** @param classifier a replica, which may be bound to a lane afterward */
    int measure(ImageClassifier classifier, int workers) {
        Device device = state.device();
        device.settle();
        device.forgetMost();
        Device.Memory before = device.memory().orElseThrow();
        try (StepScope scope = new StepScope()) {
            compute(device, classifier);
        } catch (RuntimeException e) {
            throw device.explained(e, 1);
        }
        device.settle();
        Device.Memory after = device.memory().orElseThrow();
        long floats = state.layout().parameters() + state.layout().statistics();
        return lanes(before, after, floats * Float.BYTES, workers);
    }

    private void compute(Device device, ImageClassifier classifier) {
        int images = recipe.imagesPerWorker();
        Engine.Input input = new Engine.Input(
                state,
                device.zeros(state.layout().parameters()),
                device.zeros(Math.max(1, state.layout().statistics())),
                recipe.batchNorm().epsilon(),
                images,
                recipe.threadsPerWorker(),
                recipe.precision(),
                groups,
                slot -> {});
        ByteBuffer pixels = ByteBuffer.allocateDirect(Math.multiplyExact(images * shape.floats(), Float.BYTES))
                .order(ByteOrder.nativeOrder());
        try (WorkerPass pass = Engines.pass(recipe, classifier, input)) {
            Tensor batch =
                    device.images(pixels.asFloatBuffer(), images, shape.channels(), shape.height(), shape.width());
            pass.compute(batch, device.labels(new long[images]), recipe.workers(), logits -> {});
            device.settle();
        }
    }

    /**
     * The number of lanes.
     *
     * @param after when one worker was computed
     * @param gradients bytes of a gradient buffer
     * @param workers of this process
     */
    static int lanes(Device.Memory before, Device.Memory after, long gradients, int workers) {
        // Partial sums: one for each level of the tree, and one for each lane.
        int levels = Integer.SIZE - Integer.numberOfLeadingZeros(workers);
        double usable = before.free() * (1 - RESERVE) - (double) levels * gradients;
        double each = Math.max(1, after.most() - before.used()) + (double) gradients;
        return (int) Math.max(1, Math.min(Math.min(MOST, workers), usable / each));
    }
}
