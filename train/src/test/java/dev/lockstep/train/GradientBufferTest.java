package dev.lockstep.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.model.ParameterLayout;
import dev.lockstep.model.ParameterLayout.NormSlot;
import dev.lockstep.model.ParameterLayout.Slot;
import dev.lockstep.recipe.Recipe.MomentumForm;
import dev.lockstep.recipe.Recipe.Optimizer;
import dev.lockstep.recipe.Recipe.WeightDecayRate;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.Tensors;
import dev.lockstep.torch.TorchRuntime;
import dev.lockstep.train.GradientBuffer.Bucket;
import java.util.List;
import java.util.function.ToLongFunction;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

class GradientBufferTest {
    static {
        TorchRuntime.load();
    }

    /** Layers of a network: a positive number is a linear layer of that width, a negative one a batch norm. */
    @Provide
    Arbitrary<List<Integer>> networks() {
        return Arbitraries.integers()
                .between(-40, 40)
                .filter(width -> width != 0)
                .list()
                .ofMaxSize(12);
    }

    @Provide
    Arbitrary<Long> bucketSizes() {
        return Arbitraries.longs().between(1, 5000);
    }

    private static ParameterLayout layout(List<Integer> widths, boolean decayNorm, boolean decayBias) {
        Module module = new Module();
        for (int i = 0; i < widths.size(); i++) {
            int width = widths.get(i);
            if (width > 0) {
                module.register_module("layer" + i, new LinearImpl(width, 3 + i));
            } else {
                module.register_module("layer" + i, new BatchNorm2dImpl(new BatchNormOptions(-width)));
            }
        }
        return ParameterLayout.of(
                module,
                new Optimizer(0.9, true, MomentumForm.GRADIENT, true, 1, decayNorm, decayBias, WeightDecayRate.SCALED));
    }

    @Property(tries = 150)
    void buckets_ofAnyLayout_coverTheBufferOnce(
            @ForAll("networks") List<Integer> widths,
            @ForAll("bucketSizes") long bucketFloats,
            @ForAll boolean decayNorm,
            @ForAll boolean decayBias) {
        ParameterLayout layout = layout(widths, decayNorm, decayBias);
        GradientBuffer buffer = new GradientBuffer(layout, bucketFloats);
        long at = 0;
        for (Bucket bucket : buffer.buckets()) {
            boolean last = bucket.index() == buffer.buckets().size() - 1;
            assertThat(buffer.buckets().get(bucket.index())).isSameAs(bucket);
            assertThat(bucket.from()).isEqualTo(at);
            assertThat(bucket.decayed()).isBetween(0L, bucket.gradients());
            if (!last) {
                assertThat(bucket.length()).isGreaterThanOrEqualTo(bucketFloats);
                assertThat(bucket.decayed()).isEqualTo(bucket.length());
            }
            at = bucket.to();
        }
        assertThat(at).isEqualTo(buffer.floats());
        assertThat(sum(buffer, Bucket::gradients)).isEqualTo(layout.parameters());
        assertThat(sum(buffer, Bucket::decayed)).isEqualTo(layout.decayed());
    }

    private static long sum(GradientBuffer buffer, ToLongFunction<Bucket> part) {
        return buffer.buckets().stream().mapToLong(part).sum();
    }

    @Property(tries = 150)
    void slots_lieWholeInTheirBucketAndDecayAsTheRecipeSays(
            @ForAll("networks") List<Integer> widths,
            @ForAll("bucketSizes") long bucketFloats,
            @ForAll boolean decayNorm,
            @ForAll boolean decayBias) {
        ParameterLayout layout = layout(widths, decayNorm, decayBias);
        GradientBuffer buffer = new GradientBuffer(layout, bucketFloats);
        assertThat(buffer.slots()).isEqualTo(2 * widths.size());
        long end = 0;
        for (int i = 0; i < layout.slots().size(); i++) {
            Slot slot = layout.slots().get(i);
            Bucket bucket = buffer.buckets().get(buffer.bucketOf(i));
            assertThat(slot.offset()).as("slots do not overlap").isGreaterThanOrEqualTo(end);
            end = slot.offset() + slot.length();
            assertThat(slot.offset()).isGreaterThanOrEqualTo(bucket.from());
            assertThat(end).isLessThanOrEqualTo(bucket.from() + bucket.gradients());
            boolean decays = decays(slot, widths, decayNorm, decayBias);
            assertThat(slot.offset() < layout.decayed()).as(slot.name()).isEqualTo(decays);
            assertThat(end <= layout.decayed()).as(slot.name()).isEqualTo(decays);
        }
    }

    private static boolean decays(Slot slot, List<Integer> widths, boolean decayNorm, boolean decayBias) {
        String[] name = slot.name().split("\\.");
        if (widths.get(Integer.parseInt(name[0].substring("layer".length()))) < 0) {
            return decayNorm;
        }
        return name[1].equals("weight") || decayBias;
    }

    @Property(tries = 60)
    void lastBucket_carriesStatisticsAndTail(
            @ForAll("networks") List<Integer> widths, @ForAll("bucketSizes") long bucketFloats) {
        ParameterLayout layout = layout(widths, false, true);
        GradientBuffer buffer = new GradientBuffer(layout, bucketFloats);
        try (StepScope scope = new StepScope()) {
            Tensor flat = torch.arange(new Scalar((double) buffer.floats()));
            Bucket last = buffer.buckets().get(buffer.buckets().size() - 1);
            float[] statistics = Tensors.toArray(buffer.statistics(last.of(flat)));
            float[] tail = Tensors.toArray(buffer.tail(last.of(flat)));
            long norms = widths.stream().filter(width -> width < 0).count();
            assertThat(layout.norms()).hasSize((int) norms);
            for (NormSlot norm : layout.norms()) {
                assertThat(statistics[(int) norm.offset()]).isEqualTo((float) (layout.parameters() + norm.offset()));
                assertThat(norm.offset() + 2L * norm.channels()).isLessThanOrEqualTo(statistics.length);
            }
            assertThat(tail).hasSize(GradientBuffer.TAIL);
            assertThat(tail[0]).isEqualTo((float) (layout.parameters() + layout.statistics()));
            assertThat(tail[GradientBuffer.TAIL - 1]).isEqualTo((float) (buffer.floats() - 1));
        }
    }

    @Property(tries = 30)
    void buckets_whenSmall_areMany(@ForAll("networks") List<Integer> widths) {
        ParameterLayout layout = layout(widths, true, true);
        assertThat(new GradientBuffer(layout, 1).buckets())
                .hasSize(Math.max(1, layout.slots().size()));
        assertThat(new GradientBuffer(layout, Long.MAX_VALUE).buckets()).hasSize(1);
    }
}
