package dev.lockstep.image.catalog;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ByteTransform;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageTransform;
import dev.lockstep.image.transform.FittedTransform;
import dev.lockstep.image.transform.SmallImageTransform;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.Recipe.Augmentation;
import dev.lockstep.recipe.Recipe.ColorAugmentation;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** A dataset of small images of one shape, from files or synthetic. */
record SmallImages(DatasetSpec spec, Reader reader, Optional<DatasetFetcher> fetcher) implements DatasetEntry {
    /** Reads the training set and the validation set. */
    interface Reader {
        /** @param folder the folder that holds the files; empty for a dataset without files */
        List<Dataset> read(Optional<Path> folder);
    }

    @Override
    public DatasetSpec spec(Recipe.Data data) {
        require(
                data.augmentation() != Augmentation.RANDOM_RESIZED_CROP,
                "data.augmentation = random-resized-crop",
                "random-resized-crop is for photographs, use none or pad-crop-flip");
        require(
                data.color() == ColorAugmentation.NONE,
                "data.color = " + kebab(data.color()),
                "color augmentation is for photographs, use none");
        int smallest = Math.min(spec.shape().height(), spec.shape().width());
        require(
                data.imageSize() <= smallest,
                "data.image-size = " + data.imageSize(),
                "must be at most " + smallest + ", or 0 for the dataset's own size");
        require(
                data.validationSplit() == 0,
                "data.validation-split = " + data.validationSplit(),
                "it has a validation set of its own: set it to 0");
        return spec.seenBy(data);
    }

    @Override
    public OpenDataset open(Recipe.Data data, Optional<Path> folder) {
        DatasetSpec wanted = spec(data);
        List<Dataset> sets = reader.read(fetcher.map(files -> files.locate(folder)));
        return new OpenDataset(
                wanted,
                sets.get(0),
                sets.get(1),
                Photographs.pixels(data, transform(wanted, data.augmentation() == Augmentation.PAD_CROP_FLIP)),
                Photographs.pixels(data, transform(wanted, false)));
    }

    @Override
    public ImageTransform fileTransform(Recipe.Data data) {
        return new FittedTransform(spec.shape(), Photographs.pixels(data, transform(spec(data), false)));
    }

    @Override
    public Optional<Path> fetch(Optional<Path> folder) {
        return fetcher.map(files -> files.locateVerified(folder));
    }

    @Override
    public Optional<Path> find() {
        return fetcher.flatMap(DatasetFetcher::find);
    }

    private ByteTransform transform(DatasetSpec wanted, boolean augment) {
        return new SmallImageTransform(spec.shape(), wanted.shape(), wanted.normalization(), augment);
    }

    private void require(boolean holds, String what, String fix) {
        if (!holds) {
            throw LockstepException.recipe(what, "data.dataset = " + spec.name(), fix);
        }
    }

    /** The spelling used in recipes. */
    static String kebab(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
