package dev.lockstep.image.catalog;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageShape;
import dev.lockstep.image.Normalization;
import dev.lockstep.image.format.SyntheticDataset;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * The dataset {@code synthetic}. Parameters may follow its name: {@code
 * synthetic:images=4096,validation=512,shape=3x32x32,classes=10} (channels × height × width), in any order.
 *
 * @param images the number of training images
 * @param validation the number of validation images
 */
record SyntheticImages(int images, int validation, ImageShape shape, int classes) {
    static final String NAME = "synthetic";

    private static final int MOST_IMAGES = 100_000_000;
    private static final int MOST_CLASSES = 100_000;
    private static final int LARGEST_SIDE = 1024;
    private static final Pattern PARAMETER = Pattern.compile("(images|validation|classes)=([1-9][0-9]{0,8})");
    private static final Pattern SHAPE = Pattern.compile("shape=([13])x([1-9][0-9]{0,3})x([1-9][0-9]{0,3})");
    private static final SyntheticImages STANDARD = new SyntheticImages(4096, 512, new ImageShape(3, 32, 32), 10);

    static boolean isNamed(String dataset) {
        return dataset.equals(NAME) || dataset.startsWith(NAME + ":");
    }

    static DatasetEntry parse(String dataset) {
        SyntheticImages parsed = STANDARD;
        if (!dataset.equals(NAME)) {
            for (String parameter : dataset.substring(NAME.length() + 1).split(",", -1)) {
                parsed = parsed.with(parameter, dataset);
            }
        }
        return parsed.entry(dataset);
    }

    private SyntheticImages with(String parameter, String dataset) {
        Matcher number = PARAMETER.matcher(parameter);
        Matcher size = SHAPE.matcher(parameter);
        if (number.matches()) {
            int value = Integer.parseInt(number.group(2));
            atMost(number.group(1), value, number.group(1).equals("classes") ? MOST_CLASSES : MOST_IMAGES, dataset);
            return switch (number.group(1)) {
                case "images" -> new SyntheticImages(value, validation, shape, classes);
                case "validation" -> new SyntheticImages(images, value, shape, classes);
                default -> new SyntheticImages(images, validation, shape, value);
            };
        } else if (size.matches()) {
            atMost("height", number(size, 2), LARGEST_SIDE, dataset);
            atMost("width", number(size, 3), LARGEST_SIDE, dataset);
            ImageShape wanted = new ImageShape(number(size, 1), number(size, 2), number(size, 3));
            return new SyntheticImages(images, validation, wanted, classes);
        }
        throw LockstepException.recipe(
                "'" + parameter + "' is not a parameter of synthetic data",
                "data.dataset = " + dataset,
                "write, for example, synthetic:images=4096,validation=512,shape=3x32x32,classes=10");
    }

    private static void atMost(String parameter, int value, int most, String dataset) {
        if (value > most) {
            throw LockstepException.recipe(
                    parameter + " = " + value + " is too large for synthetic data",
                    "data.dataset = " + dataset,
                    "give at most " + most);
        }
    }

    private static int number(Matcher matcher, int group) {
        return Integer.parseInt(matcher.group(group));
    }

    private DatasetEntry entry(String name) {
        List<String> classNames =
                IntStream.range(0, classes).mapToObj(i -> "class-" + i).toList();
        DatasetSpec spec = new DatasetSpec(
                name,
                "generated images for tests and benchmarks; "
                        + "synthetic:images=…,validation=…,shape=3x32x32,classes=… sets the size",
                shape,
                OptionalInt.of(classes),
                classNames,
                OptionalInt.of(images),
                OptionalInt.of(validation),
                // Each value is the mean of two uniform numbers, so the deviation is √(1/24).
                new Normalization(
                        Collections.nCopies(shape.channels(), 0.5), Collections.nCopies(shape.channels(), 0.2041)));
        return new SmallImages(
                spec,
                none -> List.of(
                        new SyntheticDataset("training", images, shape, classes),
                        new SyntheticDataset("validation", validation, shape, classes)),
                Optional.empty());
    }
}
