package dev.lockstep.evidence.record;

import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A folder of results, a JSON file for each name. */
public record Results(Path folder) {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final DefaultIndenter INDENT = new DefaultIndenter("  ", "\n");

    public void write(String name, Result result) throws IOException {
        Files.createDirectories(folder);
        DefaultPrettyPrinter printer =
                new DefaultPrettyPrinter().withObjectIndenter(INDENT).withArrayIndenter(INDENT);
        Files.writeString(folder.resolve(name + ".json"), MAPPER.writer(printer).writeValueAsString(result) + "\n");
    }

    /** All results, by name. */
    public Map<String, Result> read() throws IOException {
        Map<String, Result> results = new TreeMap<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".json")).toList()) {
                String name = file.getFileName().toString();
                results.put(name.substring(0, name.length() - 5), MAPPER.readValue(file.toFile(), Result.class));
            }
        }
        return results;
    }
}
