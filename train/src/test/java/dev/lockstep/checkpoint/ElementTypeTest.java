package dev.lockstep.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ElementTypeTest {
    private static ByteBuffer littleEndian(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Test
    void half_everyBitPattern_isSignTimesFractionTimesPowerOfTwo() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            int exponent = bits >> 10 & 31;
            int fraction = bits & 1023;
            double magnitude = exponent == 31
                    ? (fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN)
                    : Math.scalb(exponent == 0 ? fraction : 1024.0 + fraction, Math.max(exponent, 1) - 25);
            float expected = (float) (bits < 1 << 15 ? magnitude : -magnitude);
            ByteBuffer data = littleEndian(2).putShort(0, (short) bits);
            assertThat(ElementType.F16.tensor(data, new long[0]).floats())
                    .as("%04x", bits)
                    .containsExactly(expected);
        }
    }

    @ParameterizedTest
    @CsvSource({"3f80, 1", "c000, -2", "7f80, Infinity", "0001, 9.18354961579912e-41", "3eab, 0.333984375"})
    void bfloat16_isTheUpperHalfOfAFloat(String bits, float expected) {
        ByteBuffer data = littleEndian(2).putShort(0, (short) Integer.parseInt(bits, 16));
        assertThat(ElementType.BF16.tensor(data, new long[] {1}).floats()).containsExactly(expected);
    }

    @Test
    void tensor_bigEndianStorage_isConverted() {
        ByteBuffer data = ByteBuffer.allocate(8).putFloat(0, 1.5f).putFloat(4, -3);
        assertThat(ElementType.F32.tensor(data, new long[] {2}).floats()).containsExactly(1.5f, -3);
    }

    @Test
    void tensor_outsideItsStorage_isRefused() {
        ByteBuffer six = littleEndian(24);
        long[] row = {1};
        assertThatThrownBy(() -> ElementType.F32.tensor(six, 3, new long[] {4}, row))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ElementType.F32.tensor(six, -1, new long[] {2}, row))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ElementType.F32.tensor(six, 5, new long[] {2}, new long[] {-1}))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ElementType.F32.tensor(six, 0, new long[] {1 << 30}, new long[] {0}))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ElementType.F32.tensor(six, 0, new long[] {2, 2}, new long[] {Long.MAX_VALUE, 1}))
                .isInstanceOfAny(IllegalArgumentException.class, ArithmeticException.class);
    }
}
