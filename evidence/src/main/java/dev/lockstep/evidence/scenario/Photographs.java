package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** Photographs of a Debian package, or of the folder LOCKSTEP_BACKGROUNDS. */
final class Photographs {
    private static final String PACKAGE = "lomiri-wallpapers-16.04";

    private Photographs() {}

    /** Their files; fetches the package into the stage's folder where it is not installed. */
    static List<String> find(Stage stage) throws IOException, InterruptedException {
        List<String> found = search(stage);
        if (!found.isEmpty()) {
            return found;
        }
        String fetch = "cd \"$0\" && apt-get -qq download " + PACKAGE + " && dpkg-deb -x " + PACKAGE + "_*.deb package";
        stage.require(Command.of("sh", "-c", fetch, stage.path(".").toString()), "fetch.log");
        return search(stage);
    }

    private static List<String> search(Stage stage) throws IOException {
        List<String> found = new ArrayList<>();
        String backgrounds =
                Objects.requireNonNullElse(System.getenv("LOCKSTEP_BACKGROUNDS"), "/usr/share/backgrounds");
        for (Path folder : List.of(Path.of(backgrounds), stage.path("package"))) {
            if (Files.isDirectory(folder)) {
                try (Stream<Path> files = Files.walk(folder)) {
                    files.map(Path::toString)
                            .filter(file -> file.matches(".*_by_[^/]*\\.jpg"))
                            .sorted()
                            .forEach(found::add);
                }
            }
        }
        return found;
    }
}
