package dev.lockstep.image.catalog;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageTransform;
import dev.lockstep.image.format.StoredCopies;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.storage.Stores;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The catalog of datasets that recipes can name. */
public final class Datasets {
    private Datasets() {}

    /** All datasets in the catalog. */
    public static List<DatasetSpec> list() {
        return KnownDatasets.all().stream().map(DatasetEntry::spec).toList();
    }

    /**
     * What is known about a recipe's data without reading files: sizes, classes and the shape of the network input.
     *
     * @throws LockstepException of kind RECIPE when the dataset is unknown or does not support the recipe's data
     *     settings
     */
    public static DatasetSpec spec(Recipe.Data data) {
        return entry(data.dataset()).spec(data);
    }

    /**
     * Finds (or fetches, where possible), checks and opens a dataset.
     *
     * @param folder the user's data folder; empty to search the usual places and otherwise fetch the files
     * @throws LockstepException of kind RECIPE as in {@link #spec}; of kind DATA when files are missing or damaged
     */
    public static OpenDataset open(Recipe.Data data, Optional<Path> folder) {
        folder.ifPresent(Stores::requireAnswer);
        return entry(data.dataset()).open(data, folder);
    }

    /**
     * The transform for classifying an image file with a network trained on a recipe's data. Does not need the
     * dataset's files.
     *
     * @throws LockstepException of kind RECIPE as in {@link #spec}
     */
    public static ImageTransform fileTransform(Recipe.Data data) {
        return entry(data.dataset()).fileTransform(data);
    }

    /**
     * Finds or fetches a dataset's files and verifies them.
     *
     * @param folder the user's data folder; empty to search the usual places and otherwise fetch the files
     * @return the folder that holds the files; empty for a dataset without files
     * @throws LockstepException of kind RECIPE when the dataset is unknown; of kind DATA when files are missing or
     *     damaged
     */
    public static Optional<Path> fetch(String dataset, Optional<Path> folder) {
        return entry(dataset).fetch(folder);
    }

    /**
     * Finds a dataset's files on this machine, without fetching or verifying anything.
     *
     * @return the folder; empty when the files would have to be fetched, or for a dataset without files
     */
    public static Optional<Path> find(String dataset) {
        return entry(dataset).find();
    }

    /**
     * Limits the copies of shards that lie in a store, for what this process opens from now on. Otherwise the variable
     * LOCKSTEP_DATA_CACHE does, or else 20 GiB.
     *
     * @param setting the name of the user's setting, for the message
     * @param size of all copies of this machine together, such as 200G or 1.5TiB; 0 for none
     * @throws LockstepException of kind RECIPE when it is not a size
     */
    public static void limitCopies(String setting, String size) {
        StoredCopies.limit(setting, size);
    }

    private static DatasetEntry entry(String name) {
        if (SyntheticImages.isNamed(name)) {
            return SyntheticImages.parse(name);
        }
        List<DatasetEntry> all = KnownDatasets.all();
        return all.stream()
                .filter(entry -> entry.spec().name().equals(name))
                .findFirst()
                .orElseThrow(() -> LockstepException.recipe(
                        "unknown data.dataset = " + name,
                        "",
                        "use one of "
                                + String.join(
                                        ", ",
                                        all.stream().map(e -> e.spec().name()).toList())));
    }
}
