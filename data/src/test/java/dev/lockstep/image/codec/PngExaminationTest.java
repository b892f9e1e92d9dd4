package dev.lockstep.image.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.errors.LockstepException;
import java.util.Arrays;
import org.assertj.core.api.ThrowableAssertAlternative;
import org.junit.jupiter.api.Test;

final class PngExaminationTest {
    private static final byte[] ROWS = rows(20, 20, 3);

    private static byte[] rows(int width, int height, int channels) {
        byte[] rows = new byte[height * (1 + width * channels)];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = (byte) (i % (1 + width * channels) == 0 ? 0 : i * 7);
        }
        return rows;
    }

    private static PngFiles png() {
        return new PngFiles().header(20, 20, 8, 2, 0);
    }

    @Test
    void require_intactFiles_areAccepted() {
        byte[] compressed = PngFiles.compressed(ROWS);
        assertThatCode(() -> {
                    PngExamination.require(TestImages.png(41, 37, 3), "x");
                    PngExamination.require(
                            png().chunk("IDAT", Arrays.copyOf(compressed, 30))
                                    .chunk("IDAT")
                                    .chunk("IDAT", Arrays.copyOfRange(compressed, 30, compressed.length))
                                    .bytes(),
                            "x");
                    PngExamination.require(
                            new PngFiles()
                                    .header(20, 20, 8, 0, 1)
                                    .chunk("IDAT", PngFiles.compressed(new byte[interlaced()]))
                                    .bytes(),
                            "x");
                })
                .doesNotThrowAnyException();
    }

    /**
     * Bytes of 20 × 20 pixels in Adam7's passes: 3 × 3, 2 × 3, 5 × 2, 5 × 5, 10 × 5, 10 × 10, 20 × 10, with one filter
     * byte per row.
     */
    private static int interlaced() {
        return 3 * 4 + 3 * 3 + 2 * 6 + 5 * 6 + 5 * 11 + 10 * 11 + 10 * 21;
    }

    @Test
    void require_pixelsThatEndEarlyOrDoNotEnd_areDamage() {
        fails(png().chunk("IDAT", PngFiles.compressed(Arrays.copyOf(ROWS, 600))))
                .withMessageContaining("pixels end early");
        fails(png().chunk("IDAT", PngFiles.compressed(Arrays.copyOf(ROWS, ROWS.length + 1))))
                .withMessageContaining("more pixel data than its size requires");
        byte[] compressed = PngFiles.compressed(ROWS);
        fails(png().chunk("IDAT", Arrays.copyOf(compressed, compressed.length + 5)))
                .withMessageContaining("more pixel data than its size requires");
        fails(png().chunk("IDAT", Arrays.copyOf(compressed, compressed.length - 2)))
                .withMessageContaining("compressed data ends early");
        fails(png()).withMessageContaining("no pixels");
    }

    @Test
    void require_errorsThatADecoderReports_areDamage() {
        byte[] compressed = PngFiles.compressed(ROWS);
        byte[] wrong = compressed.clone();
        wrong[wrong.length / 2] ^= 0x55;
        fails(png().chunk("IDAT", wrong)).withMessageContaining("compressed data is damaged");
        byte[] filter = ROWS.clone();
        filter[61 * 5] = 9;
        fails(png().chunk("IDAT", PngFiles.compressed(filter))).withMessageContaining("unknown filter");
        fails(png().chunk("ABCD").chunk("IDAT", compressed)).withMessageContaining("unknown critical chunk");
        fails(png().chunk("IDAT", Arrays.copyOf(compressed, 9))
                        .chunk("tEXt")
                        .chunk("IDAT", Arrays.copyOfRange(compressed, 9, compressed.length)))
                .withMessageContaining("pixels end early");
        fails(new PngFiles().header(20, 20, 8, 3, 0).chunk("IDAT", compressed))
                .withMessageContaining("missing palette");
        fails(new PngFiles().header(20, 20, 7, 2, 0).chunk("IDAT", compressed))
                .withMessageContaining("bits = 7, color type = 2");
    }

    @Test
    void essential_dropsChunksThatDoNotAffectPixels() {
        byte[] compressed = PngFiles.compressed(ROWS);
        byte[] plain = png().chunk("IDAT", compressed).bytes();
        assertThat(PngExamination.essential(plain)).isSameAs(plain);
        assertThat(PngExamination.essential(png().chunk("iCCP", (byte) 1)
                        .chunk("IDAT", compressed)
                        .chunk("tIME", (byte) 2)
                        .bytes()))
                .isEqualTo(plain);
    }

    private static ThrowableAssertAlternative<LockstepException> fails(PngFiles png) {
        return assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> PngExamination.require(png.bytes(), "some/file.png"))
                .matches(e -> e.kind() == LockstepException.Kind.DATA)
                .withMessageContaining("some/file.png");
    }
}
