package dev.lockstep.launch;

import dev.lockstep.text.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;

/**
 * The file in which torchrun's agent looks for the reason when a process fails, to show it in its table of failures.
 *
 * @see <a href="https://docs.pytorch.org/docs/stable/elastic/errors.html">torch.distributed.elastic.multiprocessing.errors</a>
 */
public final class ErrorFile {
    static final String VARIABLE = "TORCHELASTIC_ERROR_FILE";

    private ErrorFile() {}

    /**
     * Writes the error line, if torchrun asks for it. The table shows the text that Python's processes use for their stack.
     *
     * @param environment of this process
     */
    public static void write(Map<String, String> environment, String line) {
        String file = environment.getOrDefault(VARIABLE, "");
        if (file.isEmpty()) {
            return;
        }
        String seconds = Long.toString(System.currentTimeMillis() / 1000);
        Map<String, Object> message =
                Map.of("message", line, "extraInfo", Map.of("py_callstack", line, "timestamp", seconds));
        try {
            Files.writeString(Path.of(file), Json.line(Map.of("message", message)));
        } catch (IOException | InvalidPathException e) {
            // The line is on standard error, too.
        }
    }
}
