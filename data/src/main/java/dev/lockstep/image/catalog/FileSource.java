package dev.lockstep.image.catalog;

import java.io.IOException;
import java.nio.file.Path;

/** Where the files of a dataset can be had. */
interface FileSource {
    /** For messages, such as {@code Debian package dataset-fashion-mnist}. */
    String describe();

    /**
     * Fetches the files.
     *
     * @param work an empty folder to work in
     * @return the folder, in {@code work}, that holds the files
     * @throws IOException whose message says in one line why this source has failed
     */
    Path fetch(Path work) throws IOException;
}
