package dev.lockstep.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.RunListener;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EventHubTest {
    private final List<String> seen = new ArrayList<>();
    private final EventHub hub = new EventHub();

    private RunListener recorder(String name) {
        return recorder(name, () -> {});
    }

    private RunListener recorder(String name, Runnable then) {
        return new RunListener() {
            @Override
            public void on(Event event) {
                say(event instanceof Event.Notice notice ? notice.text() : event.toString());
            }

            @Override
            public void flush() {
                say("flush");
            }

            @Override
            public void close() {
                say("close");
            }

            private void say(String what) {
                seen.add(name + " " + what);
                then.run();
            }
        };
    }

    private static Runnable failing() {
        return () -> {
            throw new IllegalStateException("broken");
        };
    }

    @Test
    void everyListener_getsEverythingInOrder_thoseOfTheRunFirst() {
        hub.add(recorder("a"));
        hub.addOpened(recorder("b"));
        hub.addOpened(recorder("c"));
        hub.on(new Event.Notice("one"));
        hub.flush();
        hub.close();
        hub.close();
        assertThat(seen)
                .containsExactly(
                        "b one", "c one", "a one", "b flush", "c flush", "a flush", "b close", "c close", "a close");
    }

    @Test
    void queuedEvents_comeAfterTheStartAndBeforeTheNextEvent() throws InterruptedException {
        hub.add(recorder("a"));
        Thread other = new Thread(() -> hub.later(new Event.Membership(1, "node-1", "joined")));
        other.start();
        other.join();
        assertThat(seen).isEmpty();
        hub.on(new Event.Audit(3));
        assertThat(seen).containsExactly("a Membership[rank=1, host=node-1, what=joined]", "a Audit[step=3]");
    }

    @Test
    void listenerThatFails_isToldOfOnceAndStillGetsEvents() {
        hub.addOpened(recorder("bad", failing()));
        hub.add(recorder("good"));
        hub.on(new Event.Audit(1));
        hub.on(new Event.Audit(2));
        hub.flush();
        hub.close();
        assertThat(seen.get(2))
                .startsWith("bad warning: a listener failed, listener = dev.lockstep.run.EventHubTest")
                .endsWith(
                        ", event = Audit: java.lang.IllegalStateException: broken; training continues, and the listener"
                                + " still gets events");
        assertThat(seen)
                .filteredOn(line -> line.startsWith("good"))
                .containsExactly(
                        "good Audit[step=1]",
                        "good " + seen.get(2).substring("bad ".length()),
                        "good Audit[step=2]",
                        "good flush",
                        "good close");
        assertThat(seen).filteredOn(line -> line.startsWith("bad")).hasSize(5);
    }

    @Test
    void listenerThatFailsToClose_isToldOfToThoseStillOpen() {
        hub.addOpened(new RunListener() {
            @Override
            public void on(Event event) {}

            @Override
            public void close() {
                throw new IllegalStateException("disk full");
            }
        });
        hub.add(recorder("good"));
        hub.close();
        assertThat(seen.get(0)).contains("close: java.lang.IllegalStateException: disk full");
        assertThat(seen.get(1)).isEqualTo("good close");
    }

    @Test
    void errorOfAListener_endsTheRun() {
        hub.add(event -> {
            throw new AssertionError("wrong");
        });
        assertThatThrownBy(() -> hub.on(new Event.Audit(1))).isInstanceOf(AssertionError.class);
    }
}
