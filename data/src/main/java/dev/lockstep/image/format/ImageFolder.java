package dev.lockstep.image.format;

import dev.lockstep.errors.InputFile;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.SkippedFiles;
import dev.lockstep.image.codec.ImageHeader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Photographs in ImageNet's layout: {@code train} and {@code val}, each with one folder per class, which holds image
 * files, possibly in subfolders; or one set of class folders, which is split. Classes and files are sorted by name (by
 * UTF-16 code unit, whatever the locale or file system), so that an image has the same index on every machine. Files whose
 * name starts with a dot are ignored; others whose extension is not that of an image are left out and {@linkplain
 * #skippedFiles counted}.
 */
public final class ImageFolder implements Dataset {
    private static final String TRAINING = "train";
    private static final String VALIDATION = "val";
    /** The maximum nesting of subfolders below a class folder. */
    private static final int DEEPEST = 16;
    /** The maximum number of files below a class folder, images or not. */
    private static final int MOST_FILES = 10_000_000;

    private final Path root;
    private final List<String> classNames;
    private final Samples samples;
    private final SkippedFiles skipped;
    private final String fingerprint;

    private ImageFolder(Path root, String split, List<String> classNames, Samples samples, SkippedFiles skipped) {
        this.root = root;
        this.classNames = classNames;
        this.samples = samples;
        this.skipped = skipped;
        this.fingerprint = samples.fingerprint(split, classNames);
    }

    /** Whether a folder has a training set of its own. */
    public static boolean isOne(Path folder) {
        return Files.isDirectory(folder.resolve(TRAINING));
    }

    /**
     * Lists the files of one set of class folders and splits them by their contents, which it reads. A folder with a
     * training set and no validation set is one, too.
     *
     * @param share of the images that validate
     * @return the training set, then the validation set
     * @throws LockstepException of kind DATA when the folder has a validation set of its own, a class has not at least two
     *     different images, or a file or folder cannot be read
     */
    public static List<Dataset> split(Path folder, double share) {
        if (isOne(folder) && Files.isDirectory(folder.resolve(VALIDATION))) {
            throw LockstepException.data(
                    "the folder has a validation set of its own, and the recipe asks to split the images",
                    "folder = " + folder + ", data.validation-split = " + share,
                    "set data.validation-split to 0, or name a folder of class folders");
        }
        Path root = isOne(folder) ? folder.resolve(TRAINING) : folder;
        List<String> classes = classes(root);
        List<Listing> listings =
                classes.stream().map(name -> listing(root, name)).toList();
        ContentSplit split = ContentSplit.of(
                root,
                listings.stream()
                        .map(listing ->
                                listing.files.stream().map(FoundFile::name).toList())
                        .toList(),
                share);
        List<Dataset> sets = new ArrayList<>();
        for (boolean validation : new boolean[] {false, true}) {
            Samples samples = new Samples();
            SkippedFiles skipped = SkippedFiles.NONE;
            for (int label = 0; label < classes.size(); label++) {
                for (FoundFile file : listings.get(label).files) {
                    if (split.validates(file.name) == validation) {
                        samples.add(file.name, file.size, label);
                    }
                }
                skipped = validation ? skipped : skipped.plus(listings.get(label).skipped);
            }
            sets.add(new ImageFolder(root, validation ? "validation" : "training", classes, samples, skipped));
        }
        return sets;
    }

    /**
     * Lists the files of both sets without reading them.
     *
     * @return the training set, then the validation set
     * @throws LockstepException of kind DATA when a set is missing, a class is in only one set or has no image, or a
     *     folder cannot be read
     */
    public static List<Dataset> read(Path folder) {
        List<String> classes = classes(folder.resolve(TRAINING));
        List<String> validation = classes(folder.resolve(VALIDATION));
        requireSame(folder, classes, validation);
        return List.of(
                read(folder.resolve(TRAINING), "training", classes),
                read(folder.resolve(VALIDATION), "validation", classes));
    }

    /**
     * A dataset of listed files.
     *
     * @param split part of the fingerprint: {@code training} or {@code validation}
     * @param files paths below the folder with their labels, in index order
     * @throws LockstepException of kind DATA when a file is missing
     */
    public static Dataset of(Path folder, String split, List<String> classNames, List<LabeledFile> files) {
        Samples samples = new Samples();
        for (LabeledFile file : files) {
            try {
                samples.add(file.name, Files.size(folder.resolve(file.name)), file.label);
            } catch (IOException e) {
                throw unreadable(folder.resolve(file.name), e);
            }
        }
        return new ImageFolder(folder, split, List.copyOf(classNames), samples, SkippedFiles.NONE);
    }

    /**
     * A file with its class.
     *
     * @param name the path relative to the folder, with slashes
     */
    public record LabeledFile(String name, int label) {}

    private static List<String> classes(Path set) {
        if (!Files.isDirectory(set)) {
            throw LockstepException.data(
                    "image folder is missing",
                    "folder = " + set,
                    "arrange the images as train/CLASS/… and val/CLASS/…");
        }
        try (Stream<Path> entries = Files.list(set)) {
            List<String> names = entries.filter(Files::isDirectory)
                    .map(path -> path.getFileName().toString())
                    .filter(name -> !name.startsWith("."))
                    .sorted()
                    .toList();
            if (names.isEmpty()) {
                throw LockstepException.data(
                        "no class folders", "folder = " + set, "arrange the images as CLASS/IMAGE");
            }
            return names;
        } catch (IOException | UncheckedIOException e) {
            throw unreadable(set, e);
        }
    }

    private static void requireSame(Path folder, List<String> training, List<String> validation) {
        TreeSet<String> trainingOnly = new TreeSet<>(training);
        TreeSet<String> validationOnly = new TreeSet<>(validation);
        validation.forEach(trainingOnly::remove);
        training.forEach(validationOnly::remove);
        if (!trainingOnly.isEmpty() || !validationOnly.isEmpty()) {
            boolean missing = !trainingOnly.isEmpty();
            TreeSet<String> only = missing ? trainingOnly : validationOnly;
            throw LockstepException.data(
                    "class is in " + (missing ? "train but not in val" : "val but not in train"),
                    "folder = " + folder + ", class = " + only.first() + ", number of such classes = " + only.size(),
                    "make sure that both sets have the same class folders");
        }
    }

    private static Dataset read(Path root, String split, List<String> classes) {
        Samples samples = new Samples();
        SkippedFiles skipped = SkippedFiles.NONE;
        for (int label = 0; label < classes.size(); label++) {
            Listing listing = listing(root, classes.get(label));
            for (FoundFile file : listing.files) {
                samples.add(file.name, file.size, label);
            }
            skipped = skipped.plus(listing.skipped);
        }
        return new ImageFolder(root, split, classes, samples, skipped);
    }

    private static Listing listing(Path root, String name) {
        Listing listing = imagesBelow(root, root.resolve(name));
        if (listing.files.isEmpty()) {
            throw LockstepException.data(
                    "class folder has no images",
                    "folder = " + root.resolve(name)
                            + (listing.skipped.count() == 0 ? "" : ", skipped = " + listing.skipped.summary(3)),
                    "add JPEG, PNG, WebP, BMP, GIF or TIFF files, or remove the class from train and val");
        }
        return listing;
    }

    /** The files below a class folder. */
    private record Listing(List<FoundFile> files, SkippedFiles skipped) {}

    /** @param name the path relative to the set's folder, with slashes */
    private record FoundFile(String name, long size) {}

    private static Listing imagesBelow(Path root, Path folder) {
        List<FoundFile> files = new ArrayList<>();
        List<String> others = new ArrayList<>();
        try {
            Files.walkFileTree(folder, EnumSet.of(FileVisitOption.FOLLOW_LINKS), DEEPEST, new SimpleFileVisitor<>() {
                private int visited;

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                    requireSmall(folder, ++visited, attributes.isDirectory() ? file : null);
                    // A dangling link counts as an unreadable image, an error when it is used, rather than silently
                    // shrinking the set.
                    boolean broken = attributes.isSymbolicLink();
                    String name = root.relativize(file).toString().replace('\\', '/');
                    if (file.getFileName().toString().startsWith(".")) {
                        return FileVisitResult.CONTINUE;
                    }
                    if ((attributes.isRegularFile() || broken) && ImageHeader.isNamedLikeAnImage(name)) {
                        files.add(new FoundFile(name, broken ? 0 : attributes.size()));
                    } else {
                        others.add(name);
                    }
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw unreadable(folder, e);
        }
        files.sort(Comparator.comparing(FoundFile::name));
        others.sort(Comparator.naturalOrder());
        return new Listing(files, new SkippedFiles(others.size(), others));
    }

    /** Limits the search, because a link may lead to the root of the file system. */
    private static void requireSmall(Path folder, int visited, @Nullable Path deeper) {
        if (deeper != null) {
            throw LockstepException.data(
                    "folders are nested too deeply",
                    "folder = " + deeper + ", limit = " + DEEPEST,
                    "move the images up");
        }
        if (visited > MOST_FILES) {
            throw LockstepException.data(
                    "class folder has too many files",
                    "folder = " + folder + ", limit = " + MOST_FILES,
                    "check it for links to other folders");
        }
    }

    private static LockstepException unreadable(Path path, Exception cause) {
        return new LockstepException(
                LockstepException.Kind.DATA,
                "cannot read the file or folder: " + cause,
                "path = " + path,
                "check its permissions",
                cause);
    }

    /** The sample's key, which does not depend on the storage format: CLASS/NAME without extension. */
    public String key(int index) {
        return Samples.key(samples.name(index));
    }

    @Override
    public int size() {
        return samples.count();
    }

    @Override
    public int label(int index) {
        return samples.label(index);
    }

    @Override
    public String name(int index) {
        return root.resolve(samples.name(index)).toString();
    }

    @Override
    public ImageData image(int index) {
        Path file = root.resolve(samples.name(index));
        samples.requireLoadable(index, file.toString());
        try {
            InputFile.requireRegular(file);
            if (Files.size(file) != samples.size(index)) {
                throw LockstepException.data(
                        "image file has changed since the run started",
                        "image = " + file + ", bytes = " + Files.size(file) + ", at the start = " + samples.size(index),
                        "do not modify the data during a run, or skip bad images");
            }
            return new ImageData.Encoded(file.toString(), Files.readAllBytes(file));
        } catch (IOException e) {
            throw new LockstepException(
                    LockstepException.Kind.DATA,
                    "cannot read the image: " + e,
                    "image = " + file,
                    "check the file and its permissions, or skip bad images",
                    e);
        }
    }

    @Override
    public SkippedFiles skippedFiles() {
        return skipped;
    }

    @Override
    public List<String> classNames() {
        return classNames;
    }

    @Override
    public String fingerprint() {
        return fingerprint;
    }
}
