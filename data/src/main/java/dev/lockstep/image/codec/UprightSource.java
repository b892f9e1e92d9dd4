package dev.lockstep.image.codec;

import dev.lockstep.image.ImageData;

/** An image turned as its orientation says. */
final class UprightSource implements PixelSource {
    private final PixelSource stored;
    private final int orientation;

    /** @param orientation from 2 to 8 */
    UprightSource(PixelSource stored, int orientation) {
        this.stored = stored;
        this.orientation = orientation;
    }

    /** All of an image that is decoded already. */
    static ImageData.Pixels turned(ImageData.Pixels stored, int orientation) {
        try (UprightSource source = new UprightSource(new ByteSource(stored), orientation)) {
            float[][] rows = new float[source.height()][source.width() * source.channels()];
            source.read(0, 0, source.width(), source.height(), rows);
            byte[] values = new byte[stored.values().length];
            int at = 0;
            for (float[] row : rows) {
                for (float value : row) {
                    values[at++] = (byte) value;
                }
            }
            return new ImageData.Pixels(source.height(), source.width(), source.channels(), values);
        }
    }

    @Override
    public int width() {
        return Orientation.swapsSides(orientation) ? stored.height() : stored.width();
    }

    @Override
    public int height() {
        return Orientation.swapsSides(orientation) ? stored.width() : stored.height();
    }

    @Override
    public int channels() {
        return stored.channels();
    }

    /** Whether columns, or what are rows of the stored image, run against the stored ones. */
    private boolean mirrorsX() {
        return orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
    }

    private boolean mirrorsY() {
        return orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
    }

    @Override
    public void read(int x, int y, int width, int height, float[][] rows) {
        int fromX = mirrorsX() ? width() - x - width : x;
        int fromY = mirrorsY() ? height() - y - height : y;
        boolean swapped = Orientation.swapsSides(orientation);
        int channels = channels();
        float[][] part = new float[swapped ? width : height][(swapped ? height : width) * channels];
        if (swapped) {
            stored.read(fromY, fromX, height, width, part);
        } else {
            stored.read(fromX, fromY, width, height, part);
        }
        for (int row = 0; row < height; row++) {
            int storedRow = mirrorsY() ? height - 1 - row : row;
            for (int column = 0; column < width; column++) {
                int storedColumn = mirrorsX() ? width - 1 - column : column;
                float[] source = swapped ? part[storedColumn] : part[storedRow];
                int at = (swapped ? storedRow : storedColumn) * channels;
                System.arraycopy(source, at, rows[row], column * channels, channels);
            }
        }
    }

    @Override
    public void close() {
        stored.close();
    }
}
