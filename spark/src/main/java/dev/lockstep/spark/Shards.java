package dev.lockstep.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.sha2;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.ml.attribute.Attribute;
import org.apache.spark.ml.attribute.NominalAttribute;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;

/**
 * A DataFrame of images as WebDataset shards. Images are ordered by a hash of their contents, so the shards' order of images, and with it
 * the trained weights, does not depend on how the DataFrame is partitioned.
 *
 * @param imageCol images, see {@link Pictures}
 * @param labelCol class indices: 0, 1, …
 * @param validationCol true for images of the validation set
 */
record Shards(String imageCol, String labelCol, String validationCol) {
    /** The names that Lockstep's reader knows. */
    private static final String LIST = "shards.txt";

    private static final String CLASSES = "classes.txt";
    private static final String PARTIAL = ".partial";
    private static final int IMAGES_PER_SHARD = 1000;
    private static final int HASH_BITS = 256;

    /**
     * Writes the shards unless the folder holds them already.
     *
     * @throws LockstepException of kind DATA when a set has no images or the folder cannot be written
     */
    void writeOnce(Dataset<?> data, Path folder) {
        if (Files.exists(folder.resolve(LIST))) {
            return;
        }
        Path partial = folder.resolveSibling(folder.getFileName() + PARTIAL);
        try {
            Files.createDirectories(partial);
            List<String> list = new ArrayList<>(
                    write(data, partial, "train", col(validationCol).equalTo(false)));
            list.addAll(write(data, partial, "val", col(validationCol).equalTo(true)));
            DurableFiles.write(partial.resolve(CLASSES), String.join("\n", classNames(data)) + "\n");
            DurableFiles.write(partial.resolve(LIST), String.join("\n", list) + "\n");
            Files.move(partial, folder);
        } catch (IOException e) {
            throw LockstepException.data(
                    "the shards cannot be written: " + e,
                    "stagingFolder = " + folder,
                    "give a folder that is new, on storage that the driver and every executor can write");
        }
    }

    private List<String> write(Dataset<?> data, Path folder, String split, Column chosen) {
        DataType type = data.schema().apply(imageCol).dataType();
        Dataset<Row> images = data.filter(chosen)
                .select(
                        col(imageCol),
                        col(labelCol).cast("int").alias("label"),
                        sha2(Pictures.bytes(col(imageCol), type), HASH_BITS).alias("key"));
        long count = images.count();
        if (count == 0) {
            throw LockstepException.data(
                    "there are no images for " + split,
                    "validationIndicatorCol = " + validationCol,
                    "mark some rows as validation images, and others not");
        }
        int shards = Math.toIntExact((count + IMAGES_PER_SHARD - 1) / IMAGES_PER_SHARD);
        return images.repartitionByRange(shards, col("key"))
                .sortWithinPartitions("key", "label")
                .javaRDD()
                .mapPartitionsWithIndex(new ShardWriter(folder.toString(), split), false)
                .collect();
    }

    /** From the label column, as StringIndexer describes it; else the class indices. */
    private List<String> classNames(Dataset<?> data) {
        Attribute attribute = Attribute.fromStructField(data.schema().apply(labelCol));
        if (attribute instanceof NominalAttribute nominal && nominal.values().isDefined()) {
            return Arrays.asList(nominal.values().get());
        }
        int largest = data.agg(max(col(labelCol)).cast("int")).head().getInt(0);
        return IntStream.rangeClosed(0, largest).mapToObj(Integer::toString).toList();
    }
}
