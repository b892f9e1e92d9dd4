package dev.lockstep.image;

/** An image as its dataset stores it. */
public sealed interface ImageData {
    /**
     * Decoded pixels.
     *
     * @param values height × width × channels bytes, row by row, channels interleaved (RGB where there are three)
     */
    record Pixels(int height, int width, int channels, byte[] values) implements ImageData {}

    /**
     * A JPEG or PNG file's bytes.
     *
     * @param name the file or archive member, for messages
     */
    record Encoded(String name, byte[] bytes) implements ImageData {}
}
