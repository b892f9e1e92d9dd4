package dev.lockstep.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cuda.FusedNorm.Geometry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How sums are divided decides their bits, so these numbers are part of the arithmetic of a card. */
class FusedNormTest {
    @ParameterizedTest
    @CsvSource({
        // Layers of ResNet-50 with 64 images.
        "802816, 64, true, true, bf16_8, 8, 1, 512, 2048",
        "200704, 256, true, true, bf16_8, 32, 1, 512, 2048",
        "3136, 2048, true, true, bf16_8, 32, 8, 49, 196",
        "802816, 64, false, true, float_4, 16, 1, 512, 2048",
        // Channels that make no packs, and memory that does not suit them.
        "1000, 3, false, true, float_1, 4, 1, 1, 7",
        "1000, 64, true, false, bf16_1, 32, 2, 15, 62",
        "1, 16, false, true, float_4, 4, 1, 1, 1"
    })
    void geometry_followsFromTheSizes(
            long rows,
            long channels,
            boolean isBf16,
            boolean wide,
            String kind,
            int packs,
            int blocks,
            int summing,
            int applying) {
        assertThat(Geometry.of(rows, channels, isBf16, wide))
                .isEqualTo(new Geometry(kind, isBf16 ? "bf16" : "float", packs, blocks, summing, applying));
    }

    @Test
    void kernels_ofEveryGeometry_areInTheSource() {
        String source = KernelSource.text();
        for (String kind : new String[] {"float_4", "float_1", "bf16_8", "bf16_1"}) {
            assertThat(source).contains("ALL(" + kind + ", ");
        }
        assertThat(source).contains("forward_finish_float(", "forward_finish_bf16(", "backward_finish(");
        assertThat(source).contains("#define THREADS " + FusedNorm.THREADS);
    }
}
