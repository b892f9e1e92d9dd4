package dev.lockstep.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A program that starts Lockstep and dies leaves no process that trains on. */
class ParentWatchTest {
    /** Waits for its end. */
    static final class Child {
        private Child() {}

        public static void main(String[] arguments) throws InterruptedException {
            ParentWatch.startIfAsked();
            System.out.println("started");
            TimeUnit.MINUTES.sleep(2);
        }
    }

    private static Process childOf(Process parent) throws IOException {
        ProcessBuilder builder = ChildJvm.of(Child.class.getName(), List.of());
        builder.environment().put(ParentWatch.VARIABLE, Long.toString(parent.pid()));
        return builder.redirectErrorStream(true).start();
    }

    @Test
    void childOfThisProcess_knowsIt() {
        assertThat(ChildJvm.of(Child.class.getName(), List.of()).environment().get(ParentWatch.VARIABLE))
                .isEqualTo(Long.toString(ProcessHandle.current().pid()));
    }

    @Test
    void parentThatIsKilled_endsItsChild() throws Exception {
        Process parent = new ProcessBuilder("sleep", "120").start();
        Process child = childOf(parent);
        try {
            assertThat(child.inputReader().readLine()).isEqualTo("started");
            assertThat(child.isAlive()).isTrue();
            parent.destroyForcibly().waitFor();
            assertThat(child.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(child.exitValue()).as("143 would say that it has saved").isEqualTo(4);
        } finally {
            parent.destroyForcibly();
            child.destroyForcibly();
        }
    }

    @Test
    void parentThatIsGoneAlready_endsItsChild() throws Exception {
        Process parent = new ProcessBuilder("true").start();
        parent.waitFor();
        Process child = childOf(parent);
        try {
            assertThat(child.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(child.exitValue()).isEqualTo(4);
        } finally {
            child.destroyForcibly();
        }
    }
}
