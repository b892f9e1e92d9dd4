package dev.lockstep.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.network.NetworkGraph.Builder;
import dev.lockstep.network.NetworkGraph.Builder.Value;
import dev.lockstep.network.Operation.Size;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class NetworkGraphTest {
    private static final ClassificationTask TASK = new ClassificationTask(3, 8, 6, 5);

    private final Builder net = NetworkGraph.of(TASK);

    private static NetworkGraph ended(Builder net, Value x) {
        return net.classifier("fc", net.globalAverage(x), new Initial.Constant(0), new Initial.Constant(0));
    }

    @Test
    void shape_smallGraph_countsByHand() {
        Value x = net.relu(net.batchNorm("bn", net.convolution("conv", net.image(), 4, 3, 2), 1));
        NetworkShape shape = ended(net, x).shape();

        assertThat(shape.parameters()).isEqualTo(3 * 4 * 9 + 2 * 4 + 4 * 5 + 5);
        assertThat(shape.batchNormStatistics()).isEqualTo(8);
        // The convolution's output (for batch norm), the ReLU's, the means, the logits.
        assertThat(shape.activationFloats()).isEqualTo(3 * 48 + 4 * 12 + 4 * 12 + 4 + 5);
        assertThat(shape.forwardFlops()).isEqualTo(2 * 3 * 4 * 9 * 12 + 2 * 48 + 48 + 48 + 2 * 4 * 5);
    }

    /** Half of the channels of a value keep all of it alive, once. */
    @Test
    void shape_views_areKeptAsWhatTheyAreOf() {
        Value x = net.convolution("conv", net.image(), 4, 1, 1);
        Value left = net.add("left", new Operation.Channels(0, 2), x);
        Value right = net.add("right", new Operation.Channels(2, 2), x);
        Value sum = net.add(net.convolution("a", left, 2, 1, 1), net.convolution("b", right, 2, 1, 1));

        // Image, the first convolution's output, the means and the logits: nothing keeps the other convolutions'
        // outputs.
        assertThat(ended(net, sum).shape().activationFloats()).isEqualTo(3 * 48 + 4 * 48 + 2 + 5);
    }

    @Property
    void windows_areCountedAsPlacesWhereTheKernelFits(
            @ForAll @IntRange(min = 1, max = 40) int side,
            @ForAll @IntRange(min = 1, max = 7) int kernel,
            @ForAll @IntRange(min = 1, max = 4) int stride,
            @ForAll @IntRange(min = 0, max = 3) int padding) {
        if (side + 2 * padding < kernel) {
            return;
        }
        int places = 0;
        for (int from = -padding; from + kernel <= side + padding; from += stride) {
            places++;
        }
        assertThat(new Operation.MaxPool(kernel, stride, padding).output(List.of(new Size(2, side, side))))
                .isEqualTo(new Size(2, places, places));
    }

    @Test
    void add_whatDoesNotFit_isRefused() {
        Value x = net.convolution("conv", net.image(), 4, 3, 1);
        Value half = net.convolution("half", x, 4, 3, 2);
        assertThatThrownBy(() -> net.add(x, half)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> net.convolution("conv", x, 4, 3, 1)).hasMessage("name = conv is taken");
        assertThatThrownBy(() -> net.add("c", new Operation.Channels(3, 2), x)).hasMessageContaining("channels = 4");
        assertThatThrownBy(() -> net.add("s", new Operation.Shuffle(3), x)).hasMessageContaining("groups = 3");
        assertThatThrownBy(() -> net.add("c", new Operation.Concatenate(), x, half))
                .hasMessageContaining("sizes");
        Initial zero = new Initial.Constant(0);
        assertThatThrownBy(() -> net.add("g", new Operation.Convolution(4, 4, 1, 1, 0, 3, false, zero), x))
                .hasMessageContaining("groups = 3");
        assertThatThrownBy(() -> net.add("l", new Operation.Linear(4, 2, zero, zero), x))
                .hasMessageContaining("values = 192");
    }

    @Test
    void values_sameKeys_areTheSameAndWithinTheBound() {
        Initial uniform = Initial.fanIn(16);
        float[] values = uniform.values(3, "conv.weight", 4000);
        assertThat(uniform.values(3, "conv.weight", 4000)).isEqualTo(values);
        assertThat(uniform.values(3, "other.weight", 4000)).isNotEqualTo(values);
        double sum = 0;
        for (float value : values) {
            assertThat(value).isBetween(-0.25f, 0.25f);
            sum += (double) value * value;
        }
        assertThat(Math.sqrt(sum / values.length)).isBetween(0.140, 0.149); // 0.25 / √3
    }
}
