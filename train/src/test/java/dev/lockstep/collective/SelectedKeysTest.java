package dev.lockstep.collective;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.channels.ClosedSelectorException;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A group that fails closes its selector while another thread looks at what has been selected. */
class SelectedKeysTest {
    private static final int PIPES = 40;
    private static final int ROUNDS = 60;

    @Test
    void selectorThatIsClosedMeanwhile_isReportedAsClosed() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            List<Pipe> pipes = new ArrayList<>();
            Selector selector = Selector.open();
            for (int i = 0; i < PIPES; i++) {
                Pipe pipe = Pipe.open();
                pipe.sink().configureBlocking(false).register(selector, SelectionKey.OP_WRITE);
                pipes.add(pipe);
            }
            assertThat(selector.selectNow()).isEqualTo(PIPES);
            Thread closer = new Thread(() -> close(selector));
            closer.start();
            try {
                while (selector.isOpen()) {
                    SocketGroup.takeSelected(selector).forEach(SelectionKey::attachment);
                    selector.selectNow();
                }
            } catch (ClosedSelectorException e) {
                // What the group expects.
            }
            closer.join();
            for (Pipe pipe : pipes) {
                pipe.sink().close();
                pipe.source().close();
            }
        }
    }

    private static void close(Selector selector) {
        try {
            selector.close();
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
