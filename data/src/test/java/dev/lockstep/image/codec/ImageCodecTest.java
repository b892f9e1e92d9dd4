package dev.lockstep.image.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_PROGRESSIVE;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_RST_INTERVAL;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_SAMPLING_FACTOR;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_SAMPLING_FACTOR_411;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_SAMPLING_FACTOR_420;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_SAMPLING_FACTOR_422;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_SAMPLING_FACTOR_440;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_SAMPLING_FACTOR_444;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageData;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.assertj.core.api.ThrowableAssertAlternative;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class ImageCodecTest {
    private static final byte[] JPEG = TestImages.jpeg(40, 30, 1);
    private static final byte[] PNG = TestImages.png(40, 30, 1);

    static Stream<Map.Entry<String, JsonNode>> oddImages() throws IOException {
        try (InputStream json = ImageCodecTest.class.getResourceAsStream("odd_images.json")) {
            return new ObjectMapper().readTree(Objects.requireNonNull(json)).properties().stream();
        }
    }

    /**
     * Gray, CMYK, EXIF orientation, alpha, palette, 16 bits, wrong extension: kinds of files that ImageNet contains.
     */
    @ParameterizedTest
    @MethodSource("oddImages")
    void open_oddImage_decodesAsPillow(Map.Entry<String, JsonNode> odd) {
        byte[] expected =
                Base64.getDecoder().decode(odd.getValue().get("pixels").asText());
        ImageData.Encoded image = new ImageData.Encoded(
                odd.getKey(),
                Base64.getDecoder().decode(odd.getValue().get("file").asText()));

        float[][] rows = read(image);

        assertThat(rows).hasDimensions(16, 72);
        double sum = 0;
        int most = 0;
        for (int i = 0; i < expected.length; i++) {
            int difference = Math.abs(Math.round(rows[i / 72][i % 72]) - (expected[i] & 0xFF));
            sum += difference;
            most = Math.max(most, difference);
        }
        boolean exact = !odd.getKey().startsWith("cmyk");
        assertThat(sum / expected.length).isLessThanOrEqualTo(exact ? 0 : 1);
        assertThat(most).isLessThanOrEqualTo(exact ? 0 : 3);
    }

    @Test
    void encodePng_keepsEveryPixel() {
        ImageData.Pixels pixels = TestImages.pixels(40, 30, 7);
        float[][] rows = read(new ImageData.Encoded("x", ImageCodec.encodePng(pixels)));
        for (int i = 0; i < pixels.values().length; i++) {
            assertThat(rows[i / 120][i % 120]).isEqualTo(pixels.values()[i] & 0xFF);
        }
    }

    @Test
    void read_part_isThatPartOfTheWhole() {
        ImageData.Encoded image = new ImageData.Encoded("x", PNG);
        float[][] whole = read(image);
        try (PixelSource source = ImageCodec.open(image);
                PixelSource bytes = ImageCodec.open(TestImages.pixels(40, 30, 1))) {
            float[][] part = new float[5][12];
            source.read(7, 20, 4, 5, part);
            float[][] same = new float[5][12];
            bytes.read(7, 20, 4, 5, same);
            for (int row = 0; row < 5; row++) {
                assertThat(part[row]).isEqualTo(Arrays.copyOfRange(whole[20 + row], 21, 33));
            }
            assertThat(same).isDeepEqualTo(part);
        }
    }

    @Test
    void decode_reduced_roundsSidesUp() {
        ImageData.Encoded image = new ImageData.Encoded("x", TestImages.jpeg(41, 31, 1));
        ImageHeader header = ImageHeader.read(image);
        for (int reduction : new int[] {1, 2, 4, 8}) {
            try (PixelSource source = ImageCodec.decode(image, header, 31, reduction)) {
                assertThat(source.width()).isEqualTo((41 + reduction - 1) / reduction);
                assertThat(source.height()).isEqualTo((31 + reduction - 1) / reduction);
                assertThat(source.channels()).isEqualTo(3);
            }
        }
        assertThatIllegalArgumentException().isThrownBy(() -> ImageCodec.decode(image, header, 31, 3));
    }

    /**
     * For every file layout, a partly decoded image has the pixels of the whole, and most layouts can be decoded
     * partly.
     */
    @Property(tries = 60)
    void decode_firstRows_areThoseOfTheWhole(
            @ForAll("layouts") int[] layout, @ForAll @IntRange(min = 1, max = 120) int rows) {
        requireFirstRowsOfTheWhole(layout, rows);
    }

    /** The colors of a block's last row are interpolated with those of the next row. */
    @Test
    void decode_firstRows_atEveryEdgeOfABlock_areThoseOfTheWhole() {
        layouts().allValues().orElseThrow().forEach(layout -> {
            for (int rows : new int[] {1, 2, 7, 8, 9, 14, 15, 16, 17, 31, 32, 33, 95, 103, 104, 105, 111, 112}) {
                requireFirstRowsOfTheWhole(layout, rows);
            }
        });
    }

    private static void requireFirstRowsOfTheWhole(int[] layout, int rows) {
        byte[] file = ImageCodec.encodeJpegWith(TestImages.pixels(72, 120, rows), layout);
        ImageData.Encoded image = new ImageData.Encoded("x", file);
        ImageHeader header = ImageHeader.read(image);
        for (int reduction : new int[] {1, 2, 4, 8}) {
            try (PixelSource part = ImageCodec.decode(image, header, rows, reduction);
                    PixelSource whole = ImageCodec.decode(image, header, 120, reduction)) {
                int count = (rows + reduction - 1) / reduction;
                assertThat(read(part, count)).isDeepEqualTo(read(whole, count));
                boolean sequential = layout[0] == IMWRITE_JPEG_SAMPLING_FACTOR;
                int decoded = ((rows + reduction - 1) / 16 + 1) * 16;
                assertThat(part.height())
                        .isEqualTo(sequential && decoded < 120 ? decoded / reduction : 120 / reduction);
            }
        }
    }

    @Provide
    Arbitrary<int[]> layouts() {
        return Arbitraries.of(
                new int[] {IMWRITE_JPEG_SAMPLING_FACTOR, IMWRITE_JPEG_SAMPLING_FACTOR_444},
                new int[] {IMWRITE_JPEG_SAMPLING_FACTOR, IMWRITE_JPEG_SAMPLING_FACTOR_422},
                new int[] {IMWRITE_JPEG_SAMPLING_FACTOR, IMWRITE_JPEG_SAMPLING_FACTOR_440},
                new int[] {IMWRITE_JPEG_SAMPLING_FACTOR, IMWRITE_JPEG_SAMPLING_FACTOR_420},
                new int[] {IMWRITE_JPEG_SAMPLING_FACTOR, IMWRITE_JPEG_SAMPLING_FACTOR_411},
                new int[] {IMWRITE_JPEG_PROGRESSIVE, 1},
                new int[] {IMWRITE_JPEG_RST_INTERVAL, 3});
    }

    /** A second frame that is too short for a frame header. */
    @Test
    void decode_shortFrameAfterAGoodOne_isALockstepException() {
        byte[] jpeg = TestImages.shortFrame(TestImages.jpeg(40, 64, 1));
        ImageData.Encoded image = new ImageData.Encoded("some/file.jpg", jpeg);
        ImageHeader header = ImageHeader.read(image);
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> ImageCodec.decode(image, header, 1, 1))
                .matches(e -> e.kind() == LockstepException.Kind.DATA)
                .withMessageContaining("some/file.jpg");
    }

    /** Even if the wanted rows are intact, so that the result does not depend on the crop. */
    @Test
    void decode_lastPartZeroed_isNamedWhateverTheRows() {
        byte[] jpeg = TestImages.jpeg(160, 120, 1);
        Arrays.fill(jpeg, jpeg.length * 35 / 100, jpeg.length - 2, (byte) 0);
        ImageData.Encoded image = new ImageData.Encoded("some/file.jpg", jpeg);
        ImageHeader header = ImageHeader.read(image);
        for (int rows : new int[] {1, 30, 120}) {
            assertThatExceptionOfType(LockstepException.class)
                    .isThrownBy(() -> ImageCodec.decode(image, header, rows, 1))
                    .matches(e -> e.kind() == LockstepException.Kind.DATA)
                    .withMessageContaining("JPEG file is damaged")
                    .withMessageContaining("some/file.jpg");
        }
    }

    @Test
    void header_namesFormatAndSize() {
        assertThat(ImageHeader.read(new ImageData.Encoded("x", JPEG)))
                .isEqualTo(new ImageHeader(ImageHeader.Format.JPEG, 40, 30));
        assertThat(ImageHeader.read(new ImageData.Encoded("x", PNG)))
                .isEqualTo(new ImageHeader(ImageHeader.Format.PNG, 40, 30));
    }

    @Test
    void header_truncatedAnywhere_isAnError() {
        for (byte[] whole : new byte[][] {JPEG, PNG}) {
            for (int length = 0; length < whole.length; length++) {
                fails(Arrays.copyOf(whole, length));
            }
        }
        fails(Arrays.copyOf(JPEG, JPEG.length - 300)).withMessageContaining("JPEG file is truncated");
        fails(Arrays.copyOf(PNG, PNG.length - 5)).withMessageContaining("PNG file is truncated");
    }

    @Test
    void header_bytesAfterTheEnd_areIgnored() {
        assertThat(ImageHeader.read(new ImageData.Encoded("x", Arrays.copyOf(JPEG, JPEG.length + 7)))
                        .width())
                .isEqualTo(40);
    }

    @Test
    void header_emptyFile_saysSo() {
        fails(new byte[0])
                .withMessage("image file is empty, image = some/file.jpg, bytes = 0, replace or remove it, or skip"
                        + " bad images");
    }

    @Test
    void header_zeroBytesOrText_isNotAnImage() {
        fails(new byte[1000])
                .withMessageContaining("not a JPEG, PNG, WebP, BMP, GIF or TIFF file")
                .withMessageContaining("00 00 00 00");
        fails("hello, I am a text".getBytes(StandardCharsets.UTF_8)).withMessageContaining("68 65 6c 6c");
    }

    @Test
    void header_tinyOrThin_isAnError() {
        fails(TestImages.jpeg(1, 1, 1))
                .withMessageContaining("too small")
                .withMessageContaining("width = 1, height = 1");
        fails(TestImages.jpeg(20_000, 1, 1)).withMessageContaining("width = 20000, height = 1");
        fails(TestImages.png(7, 100, 1)).withMessageContaining("minimum = 8");
    }

    @Test
    void header_decompressionBomb_isRefusedBeforeDecoding() {
        fails(TestImages.bomb(JPEG)).withMessageContaining("decompression bomb");

        byte[] png = PNG.clone();
        png[16] = 0x7F;
        java.util.zip.CRC32 checksum = new java.util.zip.CRC32();
        checksum.update(png, 12, 17);
        java.nio.ByteBuffer.wrap(png).putInt(29, (int) checksum.getValue());
        fails(png).withMessageContaining("decompression bomb");
    }

    @Test
    void header_wrongChecksumInPng_isDamage() {
        byte[] png = PNG.clone();
        png[png.length / 2] ^= 1;
        fails(png).withMessageContaining("checksum is wrong");
    }

    /** With any byte changed, the image is either decoded or rejected with a LockstepException. */
    @Test
    void open_anyByteChanged_decodesOrIsRefused() {
        int refused = 0;
        for (int i = 0; i < JPEG.length; i += 3) {
            byte[] changed = JPEG.clone();
            changed[i] ^= (byte) 0xFF;
            try {
                read(new ImageData.Encoded("x", changed));
            } catch (LockstepException e) {
                assertThat(e.kind()).isEqualTo(LockstepException.Kind.DATA);
                refused++;
            }
        }
        assertThat(refused).isPositive();
    }

    private static float[][] read(ImageData image) {
        try (PixelSource source = ImageCodec.open(image)) {
            return read(source, source.height());
        }
    }

    private static float[][] read(PixelSource source, int count) {
        float[][] rows = new float[count][source.width() * 3];
        source.read(0, 0, source.width(), count, rows);
        return rows;
    }

    private static ThrowableAssertAlternative<LockstepException> fails(byte[] bytes) {
        return assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> ImageHeader.read(new ImageData.Encoded("some/file.jpg", bytes)))
                .matches(e -> e.kind() == LockstepException.Kind.DATA)
                .withMessageContaining("some/file.jpg");
    }
}
