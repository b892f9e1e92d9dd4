package dev.lockstep.collective;

import dev.lockstep.launch.GroupEnvironment;
import dev.lockstep.supervise.FailurePolicy;
import dev.lockstep.supervise.GroupSecret;
import dev.lockstep.supervise.Supervisor;
import dev.lockstep.supervise.SupervisorAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/** Groups whose "processes" are threads of the test, each with connections of its own. */
final class ThreadGroups {
    interface Body<T> {
        T run(Collective collective) throws Exception;
    }

    private ThreadGroups() {}

    /** Runs a body as every rank; returns what the ranks return, by rank. Fails with the first failure of a rank. */
    static <T> List<T> run(int size, Function<SocketGroup, Collective> kind, Body<T> body) {
        ExecutorService threads = Executors.newFixedThreadPool(size);
        try (Supervisor supervisor = supervisor(size)) {
            List<Future<T>> results = new ArrayList<>();
            for (int rank = 0; rank < size; rank++) {
                int own = rank;
                results.add(threads.submit(() -> {
                    try (Collective collective = kind.apply(join(own, size, supervisor, Duration.ofSeconds(20)))) {
                        return body.run(collective);
                    }
                }));
            }
            List<T> all = new ArrayList<>();
            for (Future<T> result : results) {
                all.add(result.get(60, TimeUnit.SECONDS));
            }
            return all;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } catch (InterruptedException | TimeoutException e) {
            throw new IllegalStateException("a rank does not end", e);
        } finally {
            threads.shutdownNow();
        }
    }

    static Supervisor supervisor(int size) {
        return Supervisor.onLoopback(size, GroupSecret.none(), Duration.ofSeconds(60), event -> {}, line -> {});
    }

    /** Joins as our own launcher's process does. */
    static SocketGroup join(int rank, int size, Supervisor supervisor, Duration callTimeout) {
        Map<String, String> environment =
                Map.of(SupervisorAddress.VARIABLE, supervisor.address().toString());
        GroupEnvironment place = new GroupEnvironment(rank, size, "127.0.0.1", 0);
        return new EnvironmentRendezvous(
                        place, environment, terms(Duration.ofSeconds(20), callTimeout, new ArrayList<>()))
                .join();
    }

    /** Terms under which calls throw a failure elsewhere. */
    static Terms terms(Duration joinTimeout, Duration callTimeout, List<String> notices) {
        GroupOptions options = GroupOptions.defaults()
                .withPeerTimeout(Duration.ofSeconds(60))
                .withJoinTimeout(joinTimeout)
                .withCallTimeout(callTimeout)
                .withNotices(notices::add);
        return new Terms(GroupSecret.none(), options, FailurePolicy.THROW);
    }
}
