package dev.lockstep.image.catalog;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.BytePixels;
import dev.lockstep.image.ByteTransform;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageTransform;
import dev.lockstep.image.format.ImageFolder;
import dev.lockstep.image.format.RawDataset;
import dev.lockstep.image.format.WebDataset;
import dev.lockstep.image.transform.PhotographTransform;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.Recipe.Augmentation;
import dev.lockstep.recipe.Recipe.ColorAugmentation;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A dataset of image files.
 *
 * @param reader reads the training and validation sets
 * @param upright whether photographs are turned as their EXIF orientation says
 * @param splits whether one set of class folders can be split into training and validation set
 * @param fetcher finds or fetches the files when the user names no folder; empty when the user must name one
 */
record Photographs(DatasetSpec spec, Reader reader, boolean upright, boolean splits, Optional<DatasetFetcher> fetcher)
        implements DatasetEntry {
    /** Reads the training set and the validation set. */
    interface Reader {
        /** @param validationSplit see {@link Recipe.Data#validationSplit} */
        List<Dataset> read(Path folder, double validationSplit);
    }

    /** The files of a public dataset, with pixels as they are stored. */
    static Photographs known(DatasetSpec spec, Reader reader, Optional<DatasetFetcher> fetcher) {
        return new Photographs(spec, reader, false, false, fetcher);
    }

    /** ImageNet, which every pipeline uses with pixels as they are stored: one folder per class, or tar shards. */
    static Photographs imageNet(DatasetSpec spec) {
        return known(spec, (folder, split) -> read(spec, folder, split, true, true, false), Optional.empty());
    }

    /** The user's own photographs: one folder per class, or tar shards. */
    static Photographs ofUser(DatasetSpec spec, boolean folders, boolean shards) {
        return new Photographs(
                spec,
                (folder, split) -> read(spec, folder, split, folders, shards, true),
                true,
                folders,
                Optional.empty());
    }

    @Override
    public DatasetSpec spec(Recipe.Data data) {
        require(
                data.augmentation() != Augmentation.PAD_CROP_FLIP,
                "data.augmentation = pad-crop-flip",
                "pad-crop-flip is for small images, use random-resized-crop or none");
        require(
                data.color() == ColorAugmentation.NONE || data.augmentation() == Augmentation.RANDOM_RESIZED_CROP,
                "data.color = " + SmallImages.kebab(data.color()),
                "color augmentation needs data.augmentation = random-resized-crop");
        require(
                splits || data.validationSplit() == 0,
                "data.validation-split = " + data.validationSplit(),
                "use it with data.dataset = imagefolder, or set it to 0");
        return spec.seenBy(data);
    }

    @Override
    public OpenDataset open(Recipe.Data data, Optional<Path> folder) {
        DatasetSpec wanted = spec(data);
        List<Dataset> sets = reader.read(folder(folder), data.validationSplit());
        Dataset training = sets.get(0);
        int classes = training.classNames().size();
        if (spec.classes().isPresent() && spec.classes().getAsInt() != classes) {
            throw LockstepException.data(
                    "wrong number of classes",
                    "dataset = " + spec.name() + ", classes = " + classes + ", expected = "
                            + spec.classes().getAsInt(),
                    "add the missing data, or use data.dataset = imagefolder (class folders) or webdataset (shards)");
        }
        DatasetSpec found = new DatasetSpec(
                wanted.name(),
                wanted.title(),
                wanted.shape(),
                OptionalInt.of(classes),
                training.classNames(),
                OptionalInt.of(training.size()),
                OptionalInt.of(sets.get(1).size()),
                wanted.normalization());
        return open(data, found, sets);
    }

    @Override
    public ImageTransform fileTransform(Recipe.Data data) {
        DatasetSpec wanted = spec(data);
        return pixels(data, turned(PhotographTransform.evaluation(wanted.shape().height(), wanted.normalization())));
    }

    /** The transform that gives pixels as the recipe wants them. */
    static ImageTransform pixels(Recipe.Data data, ByteTransform transform) {
        return data.pixels() == Recipe.Pixels.BYTE ? new BytePixels(transform) : transform;
    }

    private PhotographTransform turned(PhotographTransform transform) {
        return upright ? transform.upright() : transform;
    }

    private OpenDataset open(Recipe.Data data, DatasetSpec found, List<Dataset> sets) {
        int side = found.shape().height();
        PhotographTransform evaluation = turned(PhotographTransform.evaluation(side, found.normalization()));
        boolean jitter = data.color() != ColorAugmentation.NONE;
        boolean lighting = data.color() == ColorAugmentation.JITTER_AND_LIGHTING;
        PhotographTransform training = data.augmentation() == Augmentation.NONE
                ? evaluation
                : turned(PhotographTransform.training(side, jitter, lighting, found.normalization()));
        return new OpenDataset(found, sets.get(0), sets.get(1), pixels(data, training), pixels(data, evaluation));
    }

    private static List<Dataset> read(
            DatasetSpec spec, Path folder, double validationSplit, boolean folders, boolean shards, boolean upright) {
        if (validationSplit > 0) {
            return ImageFolder.split(folder, validationSplit);
        }
        if (folders && ImageFolder.isOne(folder)) {
            return ImageFolder.read(folder);
        }
        if (shards && WebDataset.isOne(folder)) {
            return WebDataset.read(folder, spec.classes());
        }
        if (shards && RawDataset.isOne(folder)) {
            return RawDataset.read(folder, spec.classes(), upright);
        }
        throw LockstepException.data(
                "no photographs found",
                "dataset = " + spec.name() + ", folder = " + folder,
                "specify the data folder that holds " + (folders ? "train and val" : "")
                        + (folders && shards ? ", or " : "")
                        + (shards ? "shards named *train*.tar and *val*.tar, or train-*.raw and val-*.raw" : "")
                        + (folders && !shards
                                ? "; for one folder of class folders set data.validation-split, as 'lockstep init' does"
                                : ""));
    }

    @Override
    public Optional<Path> fetch(Optional<Path> folder) {
        Path found = folder(folder);
        reader.read(found, 0);
        return Optional.of(found);
    }

    private Path folder(Optional<Path> folder) {
        return fetcher.map(files -> files.locateVerified(folder))
                .or(() -> folder)
                .orElseThrow(() -> LockstepException.data(
                        "this dataset needs your own files",
                        "dataset = " + spec.name(),
                        "specify the data folder that holds your images"));
    }

    private void require(boolean holds, String what, String fix) {
        if (!holds) {
            throw LockstepException.recipe(what, "data.dataset = " + spec.name(), fix);
        }
    }
}
