package dev.lockstep.image.inspect;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.SkippedFiles;
import dev.lockstep.image.codec.ImageCodec;
import dev.lockstep.image.codec.ImageHeader;
import dev.lockstep.image.codec.PixelSource;
import dev.lockstep.image.format.ImageFolder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a folder of photographs holds, before there is a recipe for it.
 *
 * @param classNames the folders' names
 * @param perClass images of each class, in both sets
 * @param trainingImages images to train on
 * @param validationImages images that measure the error
 * @param split whether the folder has no validation set of its own, so that its images are split
 * @param examined images that were examined: all, or as many as were asked for
 * @param formats the number of examined images of each format
 * @param shortSides the shorter sides of the examined images, in pixels, ascending
 * @param gray whether no examined image has colors
 * @param bad a message for each examined image that cannot be used
 * @param skipped files that are no images
 */
public record FolderSurvey(
        List<String> classNames,
        int[] perClass,
        int trainingImages,
        int validationImages,
        boolean split,
        int examined,
        Map<ImageHeader.Format, Long> formats,
        int[] shortSides,
        boolean gray,
        List<String> bad,
        SkippedFiles skipped) {
    /** Channels of a gray photograph may differ by rounding. */
    private static final int GRAY = 6;

    private static final int COLORS_OF = 64;

    private record Seen(
            ImageHeader.@Nullable Format format,
            int shortSide,
            @Nullable String bad) {}

    /**
     * Reads a folder: one of class folders, or one with {@code train} and {@code val}.
     *
     * @param share of the images that validate if the folder is split
     * @param most images to examine, evenly spread
     * @throws LockstepException of kind DATA when it has no such layout, or a class has too few images
     */
    public static FolderSurvey of(Path folder, double share, int most) {
        requireClasses(folder);
        boolean split = !(ImageFolder.isOne(folder) && Files.isDirectory(folder.resolve("val")));
        List<Dataset> sets = split ? ImageFolder.split(folder, share) : ImageFolder.read(folder);
        int[] perClass = new int[sets.get(0).classNames().size()];
        for (Dataset set : sets) {
            IntStream.range(0, set.size()).forEach(i -> perClass[set.label(i)]++);
        }
        int all = sets.get(0).size() + sets.get(1).size();
        int examined = Math.min(most, all);
        List<Seen> seen = IntStream.range(0, examined)
                .parallel()
                .mapToObj(i -> examine(image(sets, (int) ((long) i * all / examined))))
                .toList();
        Map<ImageHeader.Format, Long> formats = new TreeMap<>();
        seen.stream()
                .map(Seen::format)
                .filter(Objects::nonNull)
                .forEach(format -> formats.merge(Objects.requireNonNull(format), 1L, Long::sum));
        int colors = Math.min(COLORS_OF, all);
        return new FolderSurvey(
                sets.get(0).classNames(),
                perClass,
                sets.get(0).size(),
                sets.get(1).size(),
                split,
                examined,
                formats,
                seen.stream()
                        .filter(one -> one.bad == null)
                        .mapToInt(Seen::shortSide)
                        .sorted()
                        .toArray(),
                IntStream.range(0, colors)
                        .parallel()
                        .allMatch(i -> isGray(image(sets, (int) ((long) i * all / colors)))),
                seen.stream()
                        .map(Seen::bad)
                        .filter(Objects::nonNull)
                        .map(Objects::requireNonNull)
                        .toList(),
                sets.get(0).skippedFiles().plus(sets.get(1).skippedFiles()));
    }

    /** A mistake that is easily made deserves a better message than that there are no classes. */
    private static void requireClasses(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw LockstepException.data("no such folder", "folder = " + folder, "name the folder of your photographs");
        }
        try (Stream<Path> entries = Files.list(folder)) {
            List<Path> found = entries.toList();
            boolean loose = found.stream()
                    .anyMatch(entry -> Files.isRegularFile(entry)
                            && ImageHeader.isNamedLikeAnImage(
                                    entry.getFileName().toString()));
            if (loose && found.stream().noneMatch(Files::isDirectory)) {
                throw LockstepException.data(
                        "images lie in no class folders",
                        "folder = " + folder,
                        "make a folder in it for each class and move the images there: its name becomes the label");
            }
        } catch (java.io.IOException e) {
            throw LockstepException.data("cannot read the folder: " + e, "folder = " + folder, "check its permissions");
        }
    }

    /** A function that loads an image, which may fail. */
    private interface Image {
        ImageData.Encoded load();
    }

    private static Image image(List<Dataset> sets, int index) {
        int first = sets.get(0).size();
        return () -> (ImageData.Encoded)
                (index < first ? sets.get(0).image(index) : sets.get(1).image(index - first));
    }

    private static Seen examine(Image image) {
        try {
            ImageHeader header = ImageCodec.examine(image.load());
            return new Seen(header.format(), Math.min(header.width(), header.height()), null);
        } catch (LockstepException e) {
            requireBadImage(e);
            return new Seen(null, 0, e.whatAndWhere());
        }
    }

    private static boolean isGray(Image image) {
        try (PixelSource source = ImageCodec.open(image.load())) {
            float[][] row = new float[1][3 * source.width()];
            for (int y = 0; y < source.height(); y += Math.max(1, source.height() / 16)) {
                source.read(0, y, source.width(), 1, row);
                for (int x = 0; x < row[0].length; x += 3) {
                    float[] channels = Arrays.copyOfRange(row[0], x, x + 3);
                    Arrays.sort(channels);
                    if (channels[2] - channels[0] > GRAY) {
                        return false;
                    }
                }
            }
            return true;
        } catch (LockstepException e) {
            requireBadImage(e);
            return true;
        }
    }

    /** Libraries that cannot be loaded are no fault of the image. */
    private static void requireBadImage(LockstepException e) {
        if (e.kind() != LockstepException.Kind.DATA) {
            throw e;
        }
    }

    /** Images of both sets. */
    public int images() {
        return trainingImages + validationImages;
    }

    /** The median of the shorter sides; 0 if no image is good. */
    public int medianShortSide() {
        return shortSides.length == 0 ? 0 : shortSides[shortSides.length / 2];
    }
}
