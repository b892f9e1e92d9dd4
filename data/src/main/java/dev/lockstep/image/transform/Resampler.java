package dev.lockstep.image.transform;

import dev.lockstep.image.codec.PixelSource;
import java.nio.FloatBuffer;

/**
 * Resizes RGB images: combines rows first, then columns, in 32-bit floats without intermediate rounding. Reads only the
 * part of the source that affects the output, in bands of rows, so that a large image needs no large buffers.
 *
 * <p>After decoding, most of a photograph's processing time is spent here. The loops over rows are written so that the
 * JIT compiler vectorizes them: separate arrays, a single statement, unit stride.
 */
final class Resampler {
    private static final int CHANNELS = 3;
    /** Source rows held at once, unless one output row needs more. */
    private static final int BAND = 512;

    private static final ThreadLocal<Resampler> OF_THREAD = ThreadLocal.withInitial(Resampler::new);

    private float[][] band = new float[0][];
    private float[] combined = new float[0];
    private float[] row = new float[0];

    private Resampler() {}

    /** This thread's resampler, which reuses its buffers. */
    static Resampler ofThread() {
        return OF_THREAD.get();
    }

    /**
     * Writes {@code vertical.outputs() × horizontal.outputs()} pixels at the buffer's position.
     *
     * @param scale factor for each value of an output row, applied to values in [0, 255]
     * @param shift for each value of an output row, added after scaling
     */
    void resample(
            PixelSource source,
            TriangleFilter horizontal,
            TriangleFilter vertical,
            float[] scale,
            float[] shift,
            FloatBuffer out) {
        if (source.channels() != CHANNELS) {
            throw new IllegalArgumentException("channels = " + source.channels() + ": must be " + CHANNELS);
        }
        int next = 0;
        while (next < vertical.outputs()) {
            int start = vertical.first()[next];
            int last = lastInBand(vertical, next);
            int end = Math.min(vertical.span(), vertical.first()[last] + vertical.taps());
            reserve(end - start, horizontal);
            source.read(horizontal.low(), vertical.low() + start, horizontal.span(), end - start, band);
            for (; next <= last; next++) {
                combineRows(vertical, next, start, end - start, horizontal.span() * CHANNELS);
                combineColumns(combined, horizontal, scale, shift, row);
                out.put(row, 0, horizontal.outputs() * CHANNELS);
            }
        }
    }

    /** The last output whose rows fit into a band with those of the given one. */
    private static int lastInBand(TriangleFilter vertical, int output) {
        int limit = vertical.first()[output] + Math.max(BAND, vertical.taps());
        int last = output;
        while (last + 1 < vertical.outputs() && vertical.first()[last + 1] + vertical.taps() <= limit) {
            last++;
        }
        return last;
    }

    private void reserve(int height, TriangleFilter horizontal) {
        int outputs = horizontal.outputs() * CHANNELS;
        // The windows of the last outputs may reach beyond the source, where their weights are zero.
        int width = (horizontal.span() + horizontal.taps()) * CHANNELS;
        if (row.length < outputs) {
            row = new float[outputs];
        }
        if (combined.length < width) {
            combined = new float[width];
        }
        if (band.length < height || band[0].length < width) {
            band = new float[height][width];
        }
    }

    private void combineRows(TriangleFilter vertical, int output, int start, int height, int count) {
        int taps = vertical.taps();
        int first = vertical.first()[output] - start;
        int at = output * taps;
        float[] weights = vertical.weights();
        switch (taps) {
            case 2 -> set(combined, row(first, height), row(first + 1, height), weights, at, count);
            case 3 ->
                set(combined, row(first, height), row(first + 1, height), row(first + 2, height), weights, at, count);
            default -> {
                for (int tap = 0; tap < taps; tap += 4) {
                    combineFourRows(tap, taps, first, height, weights, at, count);
                }
            }
        }
    }

    /** Adds up to four rows: as many as there are. Their sum is made first, and is the same as with rows of weight zero. */
    private void combineFourRows(int tap, int taps, int first, int height, float[] weights, int at, int count) {
        float[] a = row(first + tap, height);
        float[] b = row(first + tap + 1, height);
        float[] c = row(first + tap + 2, height);
        float[] d = row(first + tap + 3, height);
        switch (taps - tap) {
            case 1 -> add(combined, a, weights[at + tap], count);
            case 2 -> add(combined, a, b, weights, at + tap, count);
            case 3 -> add(combined, a, b, c, weights, at + tap, count);
            default -> {
                if (tap == 0) {
                    set(combined, a, b, c, d, weights, at, count);
                } else {
                    add(combined, a, b, c, d, weights, at + tap, count);
                }
            }
        }
    }

    /** A row of the band. Rows beyond it have zero weight, so any row will do. */
    private float[] row(int index, int height) {
        return band[Math.min(index, height - 1)];
    }

    private static void set(float[] sum, float[] a, float[] b, float[] weights, int at, int count) {
        float u = weights[at];
        float v = weights[at + 1];
        for (int i = 0; i < count; i++) {
            sum[i] = u * a[i] + v * b[i];
        }
    }

    private static void set(float[] sum, float[] a, float[] b, float[] c, float[] weights, int at, int count) {
        float u = weights[at];
        float v = weights[at + 1];
        float w = weights[at + 2];
        for (int i = 0; i < count; i++) {
            sum[i] = u * a[i] + v * b[i] + w * c[i];
        }
    }

    private static void set(
            float[] sum, float[] a, float[] b, float[] c, float[] d, float[] weights, int at, int count) {
        float u = weights[at];
        float v = weights[at + 1];
        float w = weights[at + 2];
        float x = weights[at + 3];
        for (int i = 0; i < count; i++) {
            sum[i] = u * a[i] + v * b[i] + w * c[i] + x * d[i];
        }
    }

    private static void add(float[] sum, float[] a, float u, int count) {
        for (int i = 0; i < count; i++) {
            sum[i] += u * a[i];
        }
    }

    private static void add(float[] sum, float[] a, float[] b, float[] weights, int at, int count) {
        float u = weights[at];
        float v = weights[at + 1];
        for (int i = 0; i < count; i++) {
            sum[i] += u * a[i] + v * b[i];
        }
    }

    private static void add(float[] sum, float[] a, float[] b, float[] c, float[] weights, int at, int count) {
        float u = weights[at];
        float v = weights[at + 1];
        float w = weights[at + 2];
        for (int i = 0; i < count; i++) {
            sum[i] += u * a[i] + v * b[i] + w * c[i];
        }
    }

    private static void add(
            float[] sum, float[] a, float[] b, float[] c, float[] d, float[] weights, int at, int count) {
        float u = weights[at];
        float v = weights[at + 1];
        float w = weights[at + 2];
        float x = weights[at + 3];
        for (int i = 0; i < count; i++) {
            sum[i] += u * a[i] + v * b[i] + w * c[i] + x * d[i];
        }
    }

    private static void combineColumns(
            float[] source, TriangleFilter filter, float[] scale, float[] shift, float[] out) {
        switch (filter.taps()) {
            case 2 -> combineTwo(source, filter.first(), filter.weights(), out);
            case 3 -> combineThree(source, filter.first(), filter.weights(), out);
            case 4 -> combineFour(source, filter.first(), filter.weights(), out);
            default -> combineMany(source, filter, out);
        }
        for (int i = 0; i < scale.length; i++) {
            out[i] = out[i] * scale[i] + shift[i];
        }
    }

    private static void combineTwo(float[] source, int[] first, float[] weights, float[] out) {
        for (int x = 0, to = 0; x < first.length; x++, to += 3) {
            int p = first[x] * CHANNELS;
            float u = weights[2 * x];
            float v = weights[2 * x + 1];
            out[to] = u * source[p] + v * source[p + 3];
            out[to + 1] = u * source[p + 1] + v * source[p + 4];
            out[to + 2] = u * source[p + 2] + v * source[p + 5];
        }
    }

    private static void combineThree(float[] source, int[] first, float[] weights, float[] out) {
        for (int x = 0, to = 0; x < first.length; x++, to += 3) {
            int p = first[x] * CHANNELS;
            float u = weights[3 * x];
            float v = weights[3 * x + 1];
            float w = weights[3 * x + 2];
            out[to] = u * source[p] + v * source[p + 3] + w * source[p + 6];
            out[to + 1] = u * source[p + 1] + v * source[p + 4] + w * source[p + 7];
            out[to + 2] = u * source[p + 2] + v * source[p + 5] + w * source[p + 8];
        }
    }

    private static void combineFour(float[] source, int[] first, float[] weights, float[] out) {
        for (int x = 0, to = 0; x < first.length; x++, to += 3) {
            int p = first[x] * CHANNELS;
            float u = weights[4 * x];
            float v = weights[4 * x + 1];
            float w = weights[4 * x + 2];
            float z = weights[4 * x + 3];
            out[to] = u * source[p] + v * source[p + 3] + w * source[p + 6] + z * source[p + 9];
            out[to + 1] = u * source[p + 1] + v * source[p + 4] + w * source[p + 7] + z * source[p + 10];
            out[to + 2] = u * source[p + 2] + v * source[p + 5] + w * source[p + 8] + z * source[p + 11];
        }
    }

    private static void combineMany(float[] source, TriangleFilter filter, float[] out) {
        int taps = filter.taps();
        float[] weights = filter.weights();
        for (int x = 0; x < filter.outputs(); x++) {
            float red = 0;
            float green = 0;
            float blue = 0;
            int from = filter.first()[x] * CHANNELS;
            for (int tap = x * taps; tap < (x + 1) * taps; tap++, from += CHANNELS) {
                red += weights[tap] * source[from];
                green += weights[tap] * source[from + 1];
                blue += weights[tap] * source[from + 2];
            }
            out[x * CHANNELS] = red;
            out[x * CHANNELS + 1] = green;
            out[x * CHANNELS + 2] = blue;
        }
    }
}
