package dev.lockstep.launch;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.text.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ErrorFileTest {
    @TempDir
    Path folder;

    @Test
    void line_isWrittenInTheFormOfPyTorch() throws IOException {
        Path file = folder.resolve("error.json");
        ErrorFile.write(Map.of("TORCHELASTIC_ERROR_FILE", file.toString()), "an image is damaged, file = \"a\".png");
        JsonNode message = Json.MAPPER.readTree(Files.readString(file)).path("message");
        assertThat(message.path("message").asText()).isEqualTo("an image is damaged, file = \"a\".png");
        assertThat(message.path("extraInfo").path("py_callstack").asText())
                .isEqualTo("an image is damaged, file = \"a\".png");
        // torch reads it with int().
        assertThat(message.path("extraInfo").path("timestamp").asText()).matches("[0-9]{10}");
    }

    @Test
    void fileThatCannotBeWritten_isIgnored() {
        ErrorFile.write(Map.of("TORCHELASTIC_ERROR_FILE", folder + "/missing/error.json"), "line");
        ErrorFile.write(Map.of(), "line");
        assertThat(folder).isEmptyDirectory();
    }
}
