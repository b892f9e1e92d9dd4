package dev.lockstep.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.errors.LockstepException;
import java.util.List;
import org.junit.jupiter.api.Test;

class OutcomeTest {
    private static final Outcome GOOD = new Outcome(0, "a", 0, "", "{}");
    private static final Outcome LOST_A_PEER = new Outcome(0, "a", 4, "rank 1 on b ended", "");
    private static final Outcome KILLED = new Outcome(1, "b", 137, "epoch 1", "");
    private static final Outcome BAD_DATA = new Outcome(2, "c", 3, "no such image, file = x.jpg, check it", "");

    @Test
    void json_roundTrip() {
        assertThat(Outcome.fromJson(BAD_DATA.toJson())).isEqualTo(BAD_DATA);
    }

    @Test
    void failure_signalBeforeThoseThatSawIt() {
        assertThat(Outcome.failure(List.of(LOST_A_PEER, KILLED))).contains(KILLED);
        assertThat(Outcome.failure(List.of(GOOD))).isEmpty();
    }

    @Test
    void finalFailure_onlyWhatAnotherAttemptWouldHaveToo() {
        assertThat(Outcome.finalFailure(List.of(LOST_A_PEER, KILLED))).isEmpty();
        assertThat(Outcome.finalFailure(List.of(LOST_A_PEER, KILLED, BAD_DATA))).contains(BAD_DATA);
    }

    @Test
    void exception_kindOfTheExitCode_andThePlace() {
        LockstepException failure = BAD_DATA.exception();
        assertThat(failure.kind()).isEqualTo(LockstepException.Kind.DATA);
        assertThat(failure).hasMessage("no such image, file = x.jpg, check it, rank = 2, host = c, exit code = 3");
        assertThat(KILLED.exception().kind()).isEqualTo(LockstepException.Kind.WORKER);
    }
}
