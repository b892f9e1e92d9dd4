package dev.lockstep.checkpoint;

import com.fasterxml.jackson.databind.ObjectReader;
import dev.lockstep.errors.InputFile;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.text.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Which checkpoint of a run has the lowest validation error so far, the earliest if several have it: {@code best.json}
 * beside the checkpoints.
 *
 * @param step of the checkpoint
 * @param validationTop1Error fraction in [0, 1]
 */
public record BestCheckpoint(long step, double validationTop1Error) {
    /** The name of the file. */
    public static final String NAME = "best.json";

    private static final int MOST_BYTES = 10_000;
    private static final ObjectReader READER = Json.SNAKE_CASE.readerFor(BestCheckpoint.class);

    /** Empty if the folder has no readable one. */
    public static Optional<BestCheckpoint> read(Path checkpoints) {
        try {
            BestCheckpoint read = READER.readValue(InputFile.bytes(checkpoints.resolve(NAME), MOST_BYTES));
            return Optional.ofNullable(read).filter(best -> best.step >= 0);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    Path write(Path checkpoints) throws IOException {
        Path file = checkpoints.resolve(NAME);
        DurableFiles.write(file, Json.line(this) + "\n");
        return file;
    }
}
