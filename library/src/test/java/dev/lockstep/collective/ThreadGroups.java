package dev.lockstep.collective;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/** Groups whose "processes" are threads of the test, each with its own store client and Gloo context. */
final class ThreadGroups {
    interface Body<T> {
        T run(Collective collective) throws Exception;
    }

    private ThreadGroups() {}

    /** Runs a body as every rank; returns what the ranks return, by rank. Fails with the first failure of a rank. */
    static <T> List<T> run(int size, Function<GlooGroup, Collective> kind, Body<T> body) {
        Port port = new Port();
        ExecutorService threads = Executors.newFixedThreadPool(size);
        try {
            List<Future<T>> results = new ArrayList<>();
            for (int rank = 0; rank < size; rank++) {
                GroupEnvironment place = new GroupEnvironment(rank, size, rank, "127.0.0.1", 0);
                results.add(threads.submit(() -> {
                    try (Collective collective = kind.apply(join(place, port))) {
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

    static GlooGroup join(GroupEnvironment place, Watch watch) {
        Duration timeout = Duration.ofSeconds(20);
        return new Rendezvous(place, Map.of(), watch, timeout, timeout).join();
    }

    /** A watch that only tells the port. */
    static class Port implements Watch {
        private final CompletableFuture<Integer> port = new CompletableFuture<>();

        @Override
        public void publishPort(int number) {
            port.complete(number);
        }

        @Override
        public int awaitPort(Duration timeout) {
            return port.orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS).join();
        }

        @Override
        public void begin(Board board) {}

        @Override
        public void awaitVerdict() {}

        @Override
        public void failed(String words) {}

        @Override
        public void end() {}
    }
}
