package dev.lockstep.image.catalog;

import dev.lockstep.image.ImageTransform;
import dev.lockstep.recipe.Recipe;
import java.nio.file.Path;
import java.util.Optional;

/** A dataset of the catalog: what it is, and how it is opened. */
interface DatasetEntry {
    DatasetSpec spec();

    /**
     * Checks what the recipe wants of the dataset, without its files.
     *
     * @return what the network will see
     */
    DatasetSpec spec(Recipe.Data data);

    /**
     * @param folder where the user says the files are
     */
    OpenDataset open(Recipe.Data data, Optional<Path> folder);

    /** What an image file that is not of the dataset goes through, to be classified by a network for it. */
    ImageTransform fileTransform(Recipe.Data data);

    /** Finds or fetches the files and verifies them; empty for a dataset without files. */
    Optional<Path> fetch(Optional<Path> folder);

    /** Where the files are already; empty when they would have to be fetched, or for a dataset without files. */
    default Optional<Path> find() {
        return Optional.empty();
    }
}
