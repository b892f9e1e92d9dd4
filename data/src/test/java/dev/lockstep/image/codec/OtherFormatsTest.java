package dev.lockstep.image.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.Normalization;
import dev.lockstep.image.transform.PhotographTransform;
import dev.lockstep.sampling.KeyedRandom;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** WebP, BMP, GIF and TIFF files, and photographs that are stored turned; made by other_formats.py. */
final class OtherFormatsTest {
    private static byte[] bytes(JsonNode node, String key) {
        return Base64.getDecoder().decode(node.get(key).asText());
    }

    static Stream<Map.Entry<String, JsonNode>> files() throws IOException {
        try (InputStream json = OtherFormatsTest.class.getResourceAsStream("other_formats.json")) {
            return new ObjectMapper().readTree(Objects.requireNonNull(json)).properties().stream();
        }
    }

    /** Whether the decoder computes colors, so that another decoder may round them otherwise. */
    private static boolean isRounded(String name) {
        return name.endsWith(".jpg") && !name.startsWith("bmp")
                || List.of("lossy.webp", "jpeg.tif", "palette.tif").contains(name);
    }

    @ParameterizedTest
    @MethodSource("files")
    void openUpright_isWhatPillowDecodesAndTurns(Map.Entry<String, JsonNode> entry) {
        byte[] expected = bytes(entry.getValue(), "pixels");
        ImageData.Encoded image = new ImageData.Encoded(entry.getKey(), bytes(entry.getValue(), "file"));
        int width = entry.getValue().get("width").asInt();
        int height = entry.getValue().get("height").asInt();

        ImageHeader header = ImageHeader.read(image);
        assertThat(header.uprightWidth()).isEqualTo(width);
        assertThat(header.uprightHeight()).isEqualTo(height);
        float[][] rows = new float[height][width * 3];
        try (PixelSource source = ImageCodec.openUpright(image)) {
            assertThat(source.width()).isEqualTo(width);
            assertThat(source.height()).isEqualTo(height);
            source.read(0, 0, width, height, rows);
            float[][] part = new float[3][5 * 3];
            source.read(7, 9, 5, 3, part);
            for (int row = 0; row < 3; row++) {
                assertThat(part[row]).isEqualTo(Arrays.copyOfRange(rows[9 + row], 21, 36));
            }
        }
        double sum = 0;
        int most = 0;
        for (int i = 0; i < expected.length; i++) {
            int difference = Math.abs(Math.round(rows[i / (3 * width)][i % (3 * width)]) - (expected[i] & 0xFF));
            sum += difference;
            most = Math.max(most, difference);
        }
        assertThat(sum / expected.length).as("mean difference").isLessThanOrEqualTo(isRounded(entry.getKey()) ? 1 : 0);
        assertThat(most).as("largest difference").isLessThanOrEqualTo(isRounded(entry.getKey()) ? 4 : 0);
        assertThat(ImageCodec.examine(image)).isEqualTo(header);
    }

    /** With bytes missing or changed, a file is decoded or refused by name, and nothing is printed. */
    @ParameterizedTest
    @MethodSource("files")
    void open_damagedFile_isRefusedByNameOrDecoded(Map.Entry<String, JsonNode> entry) {
        byte[] whole = bytes(entry.getValue(), "file");
        PrintStream err = System.err;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setErr(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            Random random = new Random(7);
            for (int i = 0; i < 120; i++) {
                byte[] damaged = i % 2 == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
                if (i % 2 == 1) {
                    damaged[random.nextInt(damaged.length)] ^= (byte) (1 + random.nextInt(255));
                }
                try (PixelSource source = ImageCodec.open(new ImageData.Encoded("some/file", damaged))) {
                    assertThat(source.width()).isPositive();
                } catch (LockstepException e) {
                    assertThat(e.kind()).isEqualTo(LockstepException.Kind.DATA);
                    assertThat(e).hasMessageContaining("image = some/file");
                }
            }
        } finally {
            System.setErr(err);
        }
        assertThat(printed.toString(StandardCharsets.UTF_8)).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("files")
    void open_fileWithoutItsSecondHalf_isRefused(Map.Entry<String, JsonNode> entry) {
        byte[] whole = bytes(entry.getValue(), "file");
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() ->
                        ImageCodec.open(new ImageData.Encoded("some/file", Arrays.copyOf(whole, whole.length / 2))))
                .withMessageContaining("image = some/file");
    }

    /** A transform that turns photographs sees the same as one that gets them turned. */
    @Test
    void uprightTransform_ofAStoredTurnedImage_isThatOfTheUprightOne() throws IOException {
        Map<String, JsonNode> files = new java.util.HashMap<>();
        files().forEach(entry -> files.put(entry.getKey(), entry.getValue()));
        PhotographTransform stored = PhotographTransform.training(16, false, false, Normalization.IMAGENET);
        for (String name : List.of("turned.png", "turned.webp", "turned.tif")) {
            JsonNode file = files.get(name);
            ImageData.Encoded turned = new ImageData.Encoded(name, bytes(file, "file"));
            ImageData.Pixels upright = new ImageData.Pixels(
                    file.get("height").asInt(), file.get("width").asInt(), 3, bytes(file, "pixels"));
            for (int key = 0; key < 5; key++) {
                assertThat(apply(stored.upright(), turned, key)).isEqualTo(apply(stored, upright, key));
                assertThat(apply(stored, turned, key)).isNotEqualTo(apply(stored, upright, key));
            }
        }
    }

    private static float[] apply(PhotographTransform transform, ImageData image, int key) {
        FloatBuffer out = FloatBuffer.allocate(transform.shape().floats());
        transform.apply(image, KeyedRandom.of(key), out);
        return out.array();
    }

    @Test
    void orientation_ofAnEncodedJpeg_isRead() {
        byte[] jpeg = TestImages.jpeg(40, 30, 1);
        for (int orientation = 1; orientation <= 8; orientation++) {
            ImageData.Encoded marked = new ImageData.Encoded("x", ImageCodec.withOrientation(jpeg, orientation));
            assertThat(ImageCodec.examine(marked))
                    .isEqualTo(new ImageHeader(ImageHeader.Format.JPEG, 40, 30, orientation));
        }
    }

    @Test
    void names_ofImages_haveAKnownExtension() {
        assertThat(Stream.of("a.jpg", "b.JPEG", "c.Png", "d.webp", "e.bmp", "f.gif", "g.tif", "h.TIFF"))
                .allMatch(ImageHeader::isNamedLikeAnImage);
        assertThat(Stream.of("a.heic", "jpg", "b.txt", "c.jpg.part")).noneMatch(ImageHeader::isNamedLikeAnImage);
    }
}
