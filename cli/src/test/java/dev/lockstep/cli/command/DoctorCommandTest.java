package dev.lockstep.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.cli.Main;
import dev.lockstep.cli.Version;
import dev.lockstep.cli.doctor.Finding;
import dev.lockstep.cli.doctor.Finding.Level;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("slow")
final class DoctorCommandTest {
    private static final Finding GOOD = new Finding("threads", "cores", "2", Level.OK, "");
    private static final Finding POOR = new Finding("threads", "OMP_NUM_THREADS", "4", Level.WARN, "set it to 1");
    private static final Finding BAD = new Finding("network", "loopback", "down", Level.FAIL, "bring it up");

    @Test
    void text_findings_areGroupedAndEndInAVerdict() {
        assertThat(DoctorCommand.text(List.of(GOOD, POOR)).lines())
                .containsExactly(
                        "threads",
                        "  ok    cores                       2",
                        "  warn  OMP_NUM_THREADS             4",
                        "                                    → set it to 1",
                        "Lockstep works here, 1 warning");
        assertThat(DoctorCommand.text(List.of(GOOD, BAD))).endsWith("Lockstep does not work here: 1 problem");
    }

    @Test
    void isUsable_onlyFailuresMatter() {
        assertThat(DoctorCommand.isUsable(List.of(GOOD, POOR))).isTrue();
        assertThat(DoctorCommand.isUsable(List.of(GOOD, BAD))).isFalse();
        assertThat(DoctorCommand.isUsable(List.of(BAD))).isFalse();
    }

    @Test
    void call_json_loadsTheNativeCodeInASeparateProcess() throws IOException {
        JsonNode document = new ObjectMapper().readTree(run("doctor", "--json"));
        assertThat(document.get("usable").asBoolean())
                .as(document.toPrettyString())
                .isTrue();
        assertThat(value(document, "Lockstep")).isEqualTo(Version.NUMBER);
        assertThat(value(document, "libtorch")).matches("2\\.13\\.0-.*, loaded in \\d+\\.\\d s");
        assertThat(value(document, "Gloo on this machine")).isEqualTo("listens");
    }

    @Test
    void number_equalsThePomVersion() throws IOException {
        assertThat(Files.readString(Path.of("pom.xml"))).contains("<version>" + Version.NUMBER + "-SNAPSHOT</version>");
        assertThat(run("--version")).isEqualTo("lockstep " + Version.NUMBER + "\n");
    }

    private static String value(JsonNode document, String subject) {
        for (JsonNode finding : document.get("findings")) {
            if (finding.get("subject").asText().equals(subject)) {
                return finding.get("value").asText();
            }
        }
        throw new AssertionError("no finding about " + subject + " in " + document.toPrettyString());
    }

    private static String run(String... arguments) {
        PrintStream out = System.out;
        ByteArrayOutputStream captured = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(captured, true, StandardCharsets.UTF_8));
            assertThat(Main.execute(arguments)).isZero();
            return captured.toString(StandardCharsets.UTF_8);
        } finally {
            System.setOut(out);
        }
    }
}
