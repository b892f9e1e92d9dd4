package dev.lockstep.image.catalog;

import dev.lockstep.image.ImageTransform;
import dev.lockstep.recipe.Recipe;
import java.nio.file.Path;
import java.util.Optional;

/** A dataset in the catalog. */
interface DatasetEntry {
    DatasetSpec spec();

    /**
     * Checks that the dataset supports the recipe's data settings, without reading its files.
     *
     * @return the spec with the shape of the network input
     */
    DatasetSpec spec(Recipe.Data data);

    /**
     * Opens the dataset.
     *
     * @param folder the user's data folder; empty to find or fetch the files
     */
    OpenDataset open(Recipe.Data data, Optional<Path> folder);

    /** The transform for classifying an image file that is not part of the dataset, with a network trained on it. */
    ImageTransform fileTransform(Recipe.Data data);

    /** Finds or fetches the files and verifies them; empty for a dataset without files. */
    Optional<Path> fetch(Optional<Path> folder);

    /**
     * The folder that already holds the files; empty when they would have to be fetched, or for a dataset without
     * files.
     */
    default Optional<Path> find() {
        return Optional.empty();
    }
}
