package dev.lockstep.supervise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lockstep.errors.LockstepException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
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
        String line = GroupFailure.of(1, "host", "ended", lines, "log").message();
        assertThat(line).hasSizeLessThanOrEqualTo(2000).doesNotContainPattern("[\\p{Cntrl}\u0080-\u009f\u202e]");
    }

    static Stream<Arguments> firstLines() {
        return Stream.of(
                        "00 00 join 1 2 - 0 1 host\n",
                        "00 00\n",
                        "\n",
                        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                        "x".repeat(2000),
                        "LOCKSTEP/1 00\nNO \u001b[2J\n",
                        "LOCKSTEP/1 00\nOK 00 host\n",
                        "LOCKSTEP/1\n",
                        "")
                .map(text -> arguments((Object) text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Whatever comes instead of a handshake, nothing is accepted, on either side, and every failure is a known one. */
    @MethodSource("firstLines")
    @FuzzTest(maxDuration = "60s")
    void anyFirstLines_proveNothing(byte[] bytes) {
        assertThatThrownBy(() -> Handshake.accept(
                        new Received(bytes), GroupSecret.none(), request -> Handshake.Answer.yes("here")))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> Handshake.request(new Received(bytes), GroupSecret.none(), "join", "address = x"))
                .isInstanceOfAny(IOException.class, LockstepException.class);
    }

    static Stream<Arguments> lines() {
        return Stream.of(
                        "BEAT\nMEMBER 0 - 1\nCOMPLETE\n", "FAIL words\n", "FAIL\n\n\r\n", "x".repeat(20_000) + "\n", "")
                .map(text -> arguments((Object) text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Whatever a peer sends, its lines are bounded, and there is an end. */
    @MethodSource("lines")
    @FuzzTest(maxDuration = "60s")
    void anyLines_areBounded(byte[] bytes) throws IOException {
        Peer peer = new Peer(new Received(bytes));
        for (String line = peer.read(); line != null; line = peer.read()) {
            assertThat(line.getBytes(StandardCharsets.UTF_8).length).isLessThan(64 * 1024);
            assertThat(line).doesNotContain("\n");
        }
    }

    static Stream<Arguments> requests() {
        return Stream.of(
                        "join 1 2 - 0 1 host",
                        "join 0 1 10.0.0.1 65535 4194304 node-1",
                        "join 5 2 - 0 1 host",
                        "data 0")
                .map(Arguments::of);
    }

    /** A place that is understood is within its limits, and says the same when it travels again. */
    @MethodSource("requests")
    @FuzzTest(maxDuration = "60s")
    void anyRequest_isAPlaceWithinLimitsOrNone(@Nullable String request) {
        if (request == null) {
            return;
        }
        Place.parse(request).ifPresent(place -> {
            assertThat(place.rank()).isBetween(0, place.size() - 1);
            assertThat(place.dataPort()).isBetween(0, 65_535);
            assertThat(Place.parse(place.request())).contains(place);
        });
    }

    /** A socket from which the given bytes come. */
    private static final class Received extends Socket {
        private final InputStream in;

        Received(byte[] bytes) {
            this.in = new ByteArrayInputStream(bytes);
        }

        @Override
        public InputStream getInputStream() {
            return in;
        }

        @Override
        public OutputStream getOutputStream() {
            return OutputStream.nullOutputStream();
        }

        @Override
        public void setSoTimeout(int millis) {}

        @Override
        public void setTcpNoDelay(boolean on) {}
    }
}
