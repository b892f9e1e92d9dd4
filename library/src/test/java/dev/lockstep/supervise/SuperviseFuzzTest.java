package dev.lockstep.supervise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class SuperviseFuzzTest {
    static Stream<Arguments> logs() {
        return Stream.of(
                        "error: one\nlast\n",
                        "\u001b[31mred\u001b[0m\r10 %\r",
                        "\u001b]0;t\u0007\u009b",
                        "\n".repeat(9),
                        "")
                .map(text -> arguments((Object) text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Whatever a log holds, its last lines move no cursor and are short. */
    @MethodSource("logs")
    @FuzzTest(maxDuration = "60s")
    void anyLog_hasAPrintableEnd(byte[] bytes) {
        List<String> lines = LogTail.lastLines(new String(bytes, StandardCharsets.UTF_8));
        assertThat(lines).hasSizeLessThanOrEqualTo(3);
        String line = new FailureReport(1, "host", "ended", lines, "log").line();
        assertThat(line).hasSizeLessThanOrEqualTo(2000).doesNotContainPattern("[\\p{Cntrl}\u0080-\u009f\u202e]");
    }
}
