package dev.lockstep.image.codec;

/** An image whose pixels can be read in parts: rows of interleaved channels, as numbers in [0, 255]. */
public interface PixelSource extends AutoCloseable {
    int width();

    int height();

    int channels();

    /**
     * Reads a rectangle.
     *
     * @param rows row {@code y + i} goes to {@code rows[i]}, from its start; each must hold width × channels numbers
     */
    void read(int x, int y, int width, int height, float[][] rows);

    @Override
    void close();
}
