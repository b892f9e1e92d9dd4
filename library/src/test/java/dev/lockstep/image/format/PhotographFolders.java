package dev.lockstep.image.format;

import dev.lockstep.image.codec.TestImages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Writes small image folders for tests. */
public final class PhotographFolders {
    private PhotographFolders() {}

    /** {@code train} and {@code val} with some JPEG files in each class; every file is different. */
    public static Path write(Path folder, List<String> classes, int training, int validation) {
        long key = 0;
        for (String name : classes) {
            for (int i = 0; i < training; i++) {
                file(folder.resolve("train/" + name + "/" + i + ".JPEG"), TestImages.jpeg(40 + i, 30, key++));
            }
            for (int i = 0; i < validation; i++) {
                file(folder.resolve("val/" + name + "/v" + i + ".jpg"), TestImages.jpeg(30, 40 + i, key++));
            }
        }
        return folder;
    }

    public static Path file(Path file, byte[] bytes) {
        try {
            Files.createDirectories(file.getParent());
            return Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
