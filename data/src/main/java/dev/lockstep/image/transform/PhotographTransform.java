package dev.lockstep.image.transform;

import dev.lockstep.image.ByteTransform;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.ImageShape;
import dev.lockstep.image.Normalization;
import dev.lockstep.image.codec.ImageCodec;
import dev.lockstep.image.codec.ImageHeader;
import dev.lockstep.image.codec.PixelSource;
import dev.lockstep.image.transform.TriangleFilter.Interval;
import dev.lockstep.sampling.KeyedRandom;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Optional;

/**
 * The transforms for photographs (paper, section 5.1). Training: a random resized crop, a flip with probability 1/2,
 * optional color changes, normalization. Evaluation: the short side is resized to 256 pixels (for an input of 224; in
 * proportion for others), the center is cropped, and the result is normalized, without randomness.
 *
 * <p>Resizing matches Pillow's antialiased bilinear filter and goes directly from the crop to the network's input size.
 * Only the pixels that affect the output are read. A JPEG whose crop is many times larger than needed is decoded at a
 * reduced size; this depends only on the image and the crop, so every process does the same.
 *
 * <p>Numbers drawn from the random stream: those of the crop (see {@link Crop#random}), the flip, and those of the
 * color changes (see {@link ColorJitter}).
 */
public final class PhotographTransform implements ByteTransform {
    /** The short side before the center crop, for an input side of {@link #CUT}. */
    private static final int RESIZED = 256;

    private static final int CUT = 224;
    /**
     * After a reduction while decoding, at least this many pixels per output pixel must remain in each dimension. With
     * 3 the result stays within 1/255 (mean) of Pillow's on every photograph tried; with 2 it does not.
     */
    private static final int LEAST_REMAINING = 3;

    private final int side;
    private final boolean augment;
    private final Optional<ColorJitter> jitter;
    /** Whether photographs are turned as their EXIF orientation says. */
    private final boolean upright;

    private final Normalization normalization;
    /** The normalization for each value of an output row: pixel × scale + shift. */
    private final float[] scale;

    private final float[] shift;
    private final float[] one;
    private final ThreadLocal<float[]> colors;

    private PhotographTransform(
            int side, boolean augment, Optional<ColorJitter> jitter, boolean upright, Normalization normalization) {
        if (normalization.channels() != 3) {
            throw new IllegalArgumentException(normalization + ": must have 3 channels");
        }
        this.side = side;
        this.augment = augment;
        this.jitter = jitter;
        this.upright = upright;
        this.normalization = normalization;
        this.scale = new float[side * 3];
        this.shift = new float[side * 3];
        for (int i = 0; i < scale.length; i++) {
            shift[i] = normalization.apply(i % 3, 0);
            scale[i] = (float) (1 / (255 * normalization.deviation().get(i % 3)));
        }
        this.one = new float[side * 3];
        Arrays.fill(one, 1);
        this.colors = ThreadLocal.withInitial(() -> new float[side * side * 3]);
    }

    /**
     * Random resized crop and flip.
     *
     * @param side height and width of the network input, in pixels
     * @param jitter whether to change colors too
     * @param lighting whether to add PCA lighting when {@code jitter} is set
     */
    public static PhotographTransform training(
            int side, boolean jitter, boolean lighting, Normalization normalization) {
        Optional<ColorJitter> color = jitter ? Optional.of(new ColorJitter(lighting)) : Optional.empty();
        return new PhotographTransform(side, true, color, false, normalization);
    }

    /** Resizes the short side to 256/224 of {@code side}, then crops the center. */
    public static PhotographTransform evaluation(int side, Normalization normalization) {
        return new PhotographTransform(side, false, Optional.empty(), false, normalization);
    }

    /**
     * The same transform for photographs that are first turned as their EXIF orientation says, as viewers show them and
     * torchvision's users turn them with {@code exif_transpose}. Without it pixels are used as they are stored, as in
     * ImageNet pipelines.
     */
    public PhotographTransform upright() {
        return new PhotographTransform(side, augment, jitter, true, normalization);
    }

    /** Whether photographs are turned as their EXIF orientation says. */
    public boolean isUpright() {
        return upright;
    }

    @Override
    public ImageShape shape() {
        return new ImageShape(3, side, side);
    }

    @Override
    public Normalization normalization() {
        return normalization;
    }

    @Override
    public void apply(ImageData image, KeyedRandom random, FloatBuffer out) {
        decode(image, random, (source, geometry) -> write(source, geometry, random, out));
    }

    @Override
    public void applyBytes(ImageData image, KeyedRandom random, ByteBuffer out) {
        decode(
                image,
                random,
                (source, geometry) -> changed(resampled(source, geometry), random, row -> {
                    for (float value : row) {
                        out.put(ByteTransform.rounded(value));
                    }
                }));
    }

    /** Gets a decoded image and the part of it that becomes the output. */
    private interface Writing {
        void write(PixelSource source, Geometry geometry);
    }

    private void decode(ImageData image, KeyedRandom random, Writing writing) {
        if (image instanceof ImageData.Encoded encoded) {
            ImageHeader header = ImageHeader.read(encoded);
            Geometry geometry = upright
                    ? geometry(header.uprightWidth(), header.uprightHeight(), random)
                    : geometry(header.width(), header.height(), random);
            int reduction = header.format() == ImageHeader.Format.JPEG ? geometry.reduction() : 1;
            try (PixelSource source = upright
                    ? ImageCodec.decodeUpright(encoded, header, geometry.bottom(), reduction)
                    : ImageCodec.decode(encoded, header, geometry.bottom(), reduction)) {
                writing.write(source, geometry.reduced(reduction));
            }
        } else {
            try (PixelSource source = ImageCodec.open(image)) {
                writing.write(source, geometry(source.width(), source.height(), random));
            }
        }
    }

    /** The part of an image that becomes the output, as one interval per dimension, and whether it is mirrored. */
    private record Geometry(Interval horizontal, Interval vertical, boolean mirrored) {
        /** The factor by which the image may be reduced while decoding. */
        int reduction() {
            double least = Math.min(horizontal.scale(), vertical.scale());
            return least >= 8 * LEAST_REMAINING
                    ? 8
                    : least >= 4 * LEAST_REMAINING ? 4 : least >= 2 * LEAST_REMAINING ? 2 : 1;
        }

        /** The row after the last one that affects the output. A crop lies inside its image. */
        int bottom() {
            return (int) Math.ceil(vertical.start() + vertical.length());
        }

        Geometry reduced(int factor) {
            return new Geometry(reduced(horizontal, factor), reduced(vertical, factor), mirrored);
        }

        private static Interval reduced(Interval interval, double factor) {
            return new Interval(
                    interval.start() / factor,
                    interval.length() / factor,
                    interval.size(),
                    interval.skipped(),
                    interval.count());
        }
    }

    private Geometry geometry(int width, int height, KeyedRandom random) {
        if (augment) {
            Crop crop = Crop.random(width, height, random);
            boolean mirrored = random.nextBoolean();
            return new Geometry(
                    Interval.whole(crop.left(), crop.width(), side),
                    Interval.whole(crop.top(), crop.height(), side),
                    mirrored);
        }
        int shortSide = (int) Math.rint((double) RESIZED * side / CUT);
        return new Geometry(center(width, height, shortSide), center(height, width, shortSide), false);
    }

    /** Resizes the shorter dimension to {@code shortSide} and the other in proportion, and keeps the middle. */
    private Interval center(int length, int other, int shortSide) {
        int resized = length <= other ? shortSide : (int) ((long) shortSide * length / other);
        int skipped = (int) Math.rint((resized - side) / 2.0);
        return new Interval(0, length, resized, skipped, side);
    }

    private void write(PixelSource source, Geometry geometry, KeyedRandom random, FloatBuffer out) {
        if (jitter.isEmpty()) {
            Resampler.ofThread()
                    .resample(source, horizontal(source, geometry), vertical(source, geometry), scale, shift, out);
            return;
        }
        changed(resampled(source, geometry), random, row -> {
            normalize(row, scale, shift);
            out.put(row);
        });
    }

    private static void normalize(float[] row, float[] scale, float[] shift) {
        for (int i = 0; i < scale.length; i++) {
            row[i] = row[i] * scale[i] + shift[i];
        }
    }

    private void changed(float[] pixels, KeyedRandom random, ColorJitter.Finished finished) {
        if (jitter.isPresent()) {
            jitter.get().apply(pixels, one.length, random, finished);
        } else {
            finished.accept(pixels);
        }
    }

    /** The output in [0, 255], before changes of color and normalization; valid until this thread's next image. */
    private float[] resampled(PixelSource source, Geometry geometry) {
        float[] pixels = colors.get();
        Resampler.ofThread()
                .resample(
                        source,
                        horizontal(source, geometry),
                        vertical(source, geometry),
                        one,
                        new float[one.length],
                        FloatBuffer.wrap(pixels));
        return pixels;
    }

    private static TriangleFilter horizontal(PixelSource source, Geometry geometry) {
        TriangleFilter filter = filter(geometry.horizontal, source.width());
        return geometry.mirrored ? filter.mirrored() : filter;
    }

    private static TriangleFilter vertical(PixelSource source, Geometry geometry) {
        return filter(geometry.vertical, source.height());
    }

    /** Pixels outside the interval have no weight, as if the image had been cropped first. */
    private static TriangleFilter filter(Interval interval, int size) {
        int least = (int) Math.floor(interval.start());
        int limit = Math.min(size, (int) Math.ceil(interval.start() + interval.length()));
        return TriangleFilter.of(interval, least, limit);
    }
}
