package dev.lockstep.image.format;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageShape;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;

/**
 * Reads the binary version of CIFAR-10 and CIFAR-100: each record has one label byte (in CIFAR-100 preceded by a coarse
 * label) and 32 × 32 pixels as three planes: red, green, blue. The pixels are stored interleaved.
 */
public final class CifarDataset {
    private static final ImageShape SHAPE = new ImageShape(3, 32, 32);
    private static final int PLANE = 32 * 32;

    private CifarDataset() {}

    /**
     * Reads a set.
     *
     * @param name part of the fingerprint
     * @param files the files of the set, in order
     * @param labelBytes 1 for CIFAR-10, 2 for CIFAR-100 (the last byte is the label)
     * @throws LockstepException of kind DATA when a file is missing or damaged
     */
    public static Dataset read(
            String name, List<Path> files, int labelBytes, List<String> classNames, ContentCheck check) {
        ByteArrayOutputStream records = new ByteArrayOutputStream();
        for (Path file : files) {
            byte[] contents = ContentFile.read(file, (InputStream in, String where) -> in.readAllBytes(), check);
            checkRecords(contents, labelBytes, classNames.size(), file.toString());
            records.writeBytes(contents);
        }
        return interleave(name, records.toByteArray(), labelBytes, classNames);
    }

    private static void checkRecords(byte[] contents, int labelBytes, int classes, String file) {
        int record = labelBytes + SHAPE.floats();
        if (contents.length == 0 || contents.length % record != 0) {
            throw LockstepException.data(
                    "CIFAR file is truncated or another version",
                    "file = " + file + ", bytes = " + contents.length + ", bytes per record = " + record,
                    "use the binary version of the dataset");
        }
        for (int i = 0; i < contents.length / record; i++) {
            PixelDataset.checkLabel(contents[i * record + labelBytes - 1] & 0xFF, i, classes, file);
        }
    }

    private static Dataset interleave(String name, byte[] records, int labelBytes, List<String> classNames) {
        int record = labelBytes + SHAPE.floats();
        int count = records.length / record;
        byte[] pixels = new byte[count * SHAPE.floats()];
        byte[] labels = new byte[count];
        for (int i = 0; i < count; i++) {
            int from = i * record + labelBytes;
            labels[i] = records[from - 1];
            for (int pixel = 0; pixel < PLANE; pixel++) {
                int to = i * SHAPE.floats() + pixel * 3;
                pixels[to] = records[from + pixel];
                pixels[to + 1] = records[from + PLANE + pixel];
                pixels[to + 2] = records[from + 2 * PLANE + pixel];
            }
        }
        return new PixelDataset(name, SHAPE, pixels, labels, classNames);
    }
}
