package dev.lockstep.image.catalog;

import java.io.IOException;
import java.nio.file.Path;

/** A place from which a dataset's files can be fetched. */
interface FileSource {
    /** A description for messages, such as {@code Debian package dataset-fashion-mnist}. */
    String describe();

    /**
     * Fetches the files.
     *
     * @param work an empty working folder
     * @return the folder, inside {@code work}, that holds the files
     * @throws IOException when this source fails; the message gives the reason in one line
     */
    Path fetch(Path work) throws IOException;
}
