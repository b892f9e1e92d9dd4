package dev.lockstep.image.format;

import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.codec.TestImages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
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

    /** The folder's images, good or bad, as {@code train-0.tar}, {@code val-0.tar} and class names. */
    public static Path shards(Path folder, Path out) {
        List<Dataset> sets = ImageFolder.read(folder);
        for (int set = 0; set < 2; set++) {
            TarFiles tar = new TarFiles();
            for (int i = 0; i < sets.get(set).size(); i++) {
                String key = ((ImageFolder) sets.get(set)).key(i);
                tar.add(key + ".jpg", ((ImageData.Encoded) sets.get(set).image(i)).bytes());
                tar.add(key + ".cls", Integer.toString(sets.get(set).label(i)));
            }
            file(out.resolve(set == 0 ? "train-0.tar" : "val-0.tar"), tar.bytes());
        }
        file(
                out.resolve(WebDataset.CLASSES),
                String.join("\n", sets.get(0).classNames()).getBytes(StandardCharsets.UTF_8));
        return out;
    }

    public static Path file(Path file, byte[] bytes) {
        try {
            Files.createDirectories(file.getParent());
            return Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A named pipe without a writer. */
    public static void pipe(Path file) throws IOException, InterruptedException {
        Files.createDirectories(file.getParent());
        if (new ProcessBuilder("mkfifo", file.toString()).start().waitFor() != 0) {
            throw new IOException("mkfifo failed");
        }
    }
}
