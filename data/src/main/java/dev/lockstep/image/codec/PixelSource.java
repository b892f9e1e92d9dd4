package dev.lockstep.image.codec;

/** An image whose pixels can be read in parts, as rows of interleaved channels with values in [0, 255]. */
public interface PixelSource extends AutoCloseable {
    int width();

    int height();

    int channels();

    /**
     * Reads a rectangle.
     *
     * @param rows receives row {@code y + i} in {@code rows[i]}, from index 0; each must have at least width × channels
     *     elements
     */
    void read(int x, int y, int width, int height, float[][] rows);

    @Override
    void close();
}
