package dev.lockstep.image.codec;

import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_PROGRESSIVE;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_RST_INTERVAL;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageData;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class ImageHeaderFuzzTest {
    /** Larger images would only be slower. */
    private static final int MOST_PIXELS = 1 << 16;

    static Stream<Arguments> seeds() {
        byte[] jpeg = TestImages.jpeg(16, 16, 1);
        byte[] png = TestImages.png(16, 16, 1);
        return Stream.of(
                arguments(jpeg),
                arguments(png),
                arguments(TestImages.jpeg(16, 64, 1)),
                arguments(ImageCodec.encodeJpegWith(
                        TestImages.pixels(40, 40, 1), IMWRITE_JPEG_PROGRESSIVE, 1, IMWRITE_JPEG_RST_INTERVAL, 2)),
                arguments(TestImages.shortFrame(TestImages.jpeg(16, 64, 1))),
                arguments(Arrays.copyOf(jpeg, jpeg.length / 2)),
                arguments(Arrays.copyOf(png, 40)),
                arguments(new byte[] {(byte) 0xFF, (byte) 0xD8, (byte) 0xFF}),
                arguments(new byte[0]));
    }

    /** Any bytes are either decoded or rejected with a LockstepException. */
    @MethodSource("seeds")
    @FuzzTest(maxDuration = "60s")
    void readAndDecode_anyBytes(byte[] bytes) {
        ImageData.Encoded image = new ImageData.Encoded("some.jpg", bytes);
        try {
            ImageHeader header = ImageHeader.read(image);
            if (Math.min(header.width(), header.height()) < ImageHeader.SMALLEST_SIDE) {
                throw new IllegalStateException(header.toString());
            }
            if ((long) header.width() * header.height() <= MOST_PIXELS) {
                ImageCodec.decode(image, header, header.height() / 4, 1).close();
            }
        } catch (LockstepException expected) {
            if (expected.kind() != LockstepException.Kind.DATA) {
                throw expected;
            }
        }
    }
}
