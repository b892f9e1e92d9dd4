package dev.lockstep.image.codec;

import dev.lockstep.image.ImageData;

/** A pixel source for an image that is already decoded. */
record ByteSource(ImageData.Pixels pixels) implements PixelSource {
    @Override
    public int width() {
        return pixels.width();
    }

    @Override
    public int height() {
        return pixels.height();
    }

    @Override
    public int channels() {
        return pixels.channels();
    }

    @Override
    public void read(int x, int y, int width, int height, float[][] rows) {
        int count = width * channels();
        byte[] values = pixels.values();
        for (int row = 0; row < height; row++) {
            float[] to = rows[row];
            int from = ((y + row) * width() + x) * channels();
            for (int i = 0; i < count; i++) {
                to[i] = values[from + i] & 0xFF;
            }
        }
    }

    @Override
    public void close() {}
}
