package dev.lockstep.image.catalog;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageTransform;
import dev.lockstep.recipe.Recipe;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The datasets that recipes can name. */
public final class Datasets {
    private Datasets() {}

    /** Every dataset of the catalog. */
    public static List<DatasetSpec> list() {
        return KnownDatasets.all().stream().map(DatasetEntry::spec).toList();
    }

    /**
     * What is known of a recipe's data without touching any file: sizes, classes and the shape that the network sees.
     *
     * @throws LockstepException of kind RECIPE when the dataset is unknown or cannot do what the recipe wants
     */
    public static DatasetSpec spec(Recipe.Data data) {
        return entry(data.dataset()).spec(data);
    }

    /**
     * Finds the dataset (fetching it where that is possible), checks and reads it.
     *
     * @param folder where the user says that the files are; empty: where they usually are, else they are fetched
     * @throws LockstepException of kind RECIPE as in {@link #spec}; of kind DATA when files are missing or damaged
     */
    public static OpenDataset open(Recipe.Data data, Optional<Path> folder) {
        return entry(data.dataset()).open(data, folder);
    }

    /**
     * What an image file goes through to be classified by a network that was trained on a recipe's data; needs none of the
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
     * @return the folder that holds them; empty for a dataset that needs none
     */
    public static Optional<Path> fetch(String dataset, Optional<Path> folder) {
        return entry(dataset).fetch(folder);
    }

    /**
     * Where a dataset's files are on this machine already, without fetching or verifying anything.
     *
     * @return empty when they would have to be fetched, and for a dataset that needs none
     */
    public static Optional<Path> find(String dataset) {
        return entry(dataset).find();
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
                        "data.dataset = " + name + " is not known",
                        "",
                        "use one of "
                                + String.join(
                                        ", ",
                                        all.stream().map(e -> e.spec().name()).toList())));
    }
}
