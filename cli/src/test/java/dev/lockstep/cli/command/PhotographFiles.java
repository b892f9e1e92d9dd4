package dev.lockstep.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A folder of class folders with pictures large enough to count as photographs. */
public final class PhotographFiles {
    private PhotographFiles() {}

    /** Writes {@code CLASS/NN.jpg}, and one picture with a name of its own: {@code bird/crow.jpg}. */
    public static void write(Path folder, List<String> classes, int perClass) throws IOException {
        for (String name : classes) {
            for (int i = 0; i < perClass; i++) {
                Pictures.write(folder.resolve(name + "/" + i + ".jpg"), 80, 72, 2 * i + name.length() % 2);
            }
        }
        Pictures.write(folder.resolve("bird/crow.jpg"), 80, 72, 1000);
    }
}
