package dev.lockstep.image.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_OPTIMIZE;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_PROGRESSIVE;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_QUALITY;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_RST_INTERVAL;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_SAMPLING_FACTOR;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_SAMPLING_FACTOR_411;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_SAMPLING_FACTOR_444;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageData;
import dev.lockstep.sampling.KeyedRandom;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.assertj.core.api.ThrowableAssertAlternative;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class JpegExaminationTest {
    private static final int SCAN = 0xDA;

    static List<int[]> layouts() {
        return List.of(
                new int[] {IMWRITE_JPEG_QUALITY, 95},
                new int[] {IMWRITE_JPEG_QUALITY, 100},
                new int[] {IMWRITE_JPEG_QUALITY, 10, IMWRITE_JPEG_OPTIMIZE, 1},
                new int[] {IMWRITE_JPEG_SAMPLING_FACTOR, IMWRITE_JPEG_SAMPLING_FACTOR_444},
                new int[] {IMWRITE_JPEG_SAMPLING_FACTOR, IMWRITE_JPEG_SAMPLING_FACTOR_411, IMWRITE_JPEG_OPTIMIZE, 1},
                new int[] {IMWRITE_JPEG_PROGRESSIVE, 1},
                new int[] {IMWRITE_JPEG_RST_INTERVAL, 3},
                new int[] {IMWRITE_JPEG_RST_INTERVAL, 2, IMWRITE_JPEG_PROGRESSIVE, 1});
    }

    private static byte[] file(int[] layout) {
        return ImageCodec.encodeJpegWith(TestImages.pixels(139, 99, 5), layout);
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void end_wholeFile_isItsLength(int[] layout) {
        byte[] jpeg = file(layout);
        assertThat(JpegExamination.end(jpeg, "x")).isEqualTo(jpeg.length);
        assertThat(JpegExamination.end(Arrays.copyOf(jpeg, jpeg.length + 9), "x"))
                .isEqualTo(jpeg.length);
    }

    /** The Huffman codes of uniform images consist of zeros only. */
    @Test
    void end_imagesOfOneColor_areWhole() {
        for (int value : new int[] {0, 1, 127, 128, 255}) {
            byte[] values = new byte[64 * 64 * 3];
            Arrays.fill(values, (byte) value);
            for (int[] layout : layouts()) {
                byte[] jpeg = ImageCodec.encodeJpegWith(new ImageData.Pixels(64, 64, 3, values), layout);
                assertThat(JpegExamination.end(jpeg, "x")).isEqualTo(jpeg.length);
            }
        }
    }

    /** As left by a disk or a download that lost a part in the middle: the end marker exists. */
    @ParameterizedTest
    @MethodSource("layouts")
    void end_lastPartZeroed_isDamage(int[] layout) {
        byte[] jpeg = file(layout);
        for (int percent : new int[] {30, 65}) {
            byte[] zeroed = jpeg.clone();
            int data = TestImages.marker(jpeg, SCAN) + 14;
            Arrays.fill(zeroed, data + (jpeg.length - data) * percent / 100, jpeg.length - 2, (byte) 0);
            fails(zeroed).withMessageContaining("JPEG file is damaged").withMessageContaining("some/file.jpg");
        }
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void end_dataLostOrAdded_isDamage(int[] layout) {
        byte[] jpeg = file(layout);
        int middle = (TestImages.marker(jpeg, SCAN) + jpeg.length) / 2;
        byte[] less = new byte[jpeg.length - 40];
        System.arraycopy(jpeg, 0, less, 0, middle);
        System.arraycopy(jpeg, middle + 40, less, middle, less.length - middle);
        fails(less);
        byte[] more = Arrays.copyOf(jpeg, jpeg.length + 40);
        System.arraycopy(jpeg, jpeg.length - 2, more, more.length - 2, 2);
        Arrays.fill(more, jpeg.length - 2, more.length - 2, (byte) 0x55);
        fails(more).withMessageContaining("coded data continues after the last block");
    }

    @Property(tries = 200)
    void end_anyBytesChanged_isIntactOrALockstepException(
            @ForAll long key, @ForAll @IntRange(max = 7) int layout, @ForAll @IntRange(min = 1, max = 20) int changes) {
        byte[] jpeg = file(layouts().get(layout));
        KeyedRandom random = KeyedRandom.of(key);
        for (int i = 0; i < changes; i++) {
            jpeg[2 + random.nextInt(jpeg.length - 2)] = (byte) random.nextInt(256);
        }
        try {
            ImageHeader.read(new ImageData.Encoded("x", jpeg));
            assertThat(JpegExamination.end(jpeg, "x")).isLessThanOrEqualTo(jpeg.length);
        } catch (LockstepException e) {
            assertThat(e.kind()).isEqualTo(LockstepException.Kind.DATA);
        }
    }

    /** Each scan takes a decoder as long as the first. */
    @Test
    void end_thousandsOfScans_namesTheLimit() {
        byte[] jpeg = TestImages.jpeg(200, 200, 1);
        int scan = TestImages.marker(jpeg, SCAN);
        ByteArrayOutputStream bomb = new ByteArrayOutputStream();
        bomb.write(jpeg, 0, scan);
        for (int i = 0; i < 3000; i++) {
            bomb.write(jpeg, scan, jpeg.length - 2 - scan);
        }
        bomb.write(jpeg, jpeg.length - 2, 2);
        fails(bomb.toByteArray()).withMessageContaining("too many scans").withMessageContaining("limit = 100");
    }

    /** Motion JPEG frames omit the standard tables. */
    @Test
    void end_withoutHuffmanTables_usesTheStandardTables() {
        byte[] jpeg = TestImages.jpeg(60, 60, 1);
        ByteArrayOutputStream bare = new ByteArrayOutputStream();
        bare.write(jpeg, 0, TestImages.marker(jpeg, 0xC4));
        bare.write(jpeg, TestImages.marker(jpeg, SCAN), jpeg.length - TestImages.marker(jpeg, SCAN));
        assertThat(bare.size()).isLessThan(jpeg.length - 400);
        assertThat(JpegExamination.end(bare.toByteArray(), "x")).isEqualTo(bare.size());
    }

    @Test
    void end_versionThatLibjpegDoesNotKnow_isNamed() {
        byte[] jpeg = TestImages.jpeg(60, 60, 1);
        jpeg[TestImages.marker(jpeg, 0xE0) + 9] = 7;
        fails(jpeg).withMessageContaining("JFIF version 7");
    }

    private static ThrowableAssertAlternative<LockstepException> fails(byte[] bytes) {
        return assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> JpegExamination.end(bytes, "some/file.jpg"))
                .matches(e -> e.kind() == LockstepException.Kind.DATA);
    }
}
