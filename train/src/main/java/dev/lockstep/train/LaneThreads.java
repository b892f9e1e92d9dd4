package dev.lockstep.train;

import dev.lockstep.torch.Device;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/** The compute threads of a process, each with the number of OpenMP threads that the recipe gives a worker. */
final class LaneThreads implements AutoCloseable {
    private final ExecutorService executor;
    private final Device device;
    private final int lanes;

    LaneThreads(Device device, int lanes, int threadsPerWorker) {
        this.device = device;
        this.lanes = lanes;
        AtomicInteger number = new AtomicInteger();
        this.executor = Executors.newFixedThreadPool(lanes, task -> {
            Thread thread = new Thread(
                    () -> {
                        device.enter(threadsPerWorker);
                        task.run();
                    },
                    "lockstep-lane-" + number.getAndIncrement());
            thread.setDaemon(true);
            return thread;
        });
    }

    int lanes() {
        return lanes;
    }

    /**
     * Runs a task for each of the first {@code count} lanes side by side and waits; rethrows the first failure. Lanes see
     * what the caller has computed, and the caller sees their results.
     */
    void runAll(int count, IntConsumer task) {
        Device.Moment start = device.handOver();
        List<Future<Device.Moment>> running = new ArrayList<>();
        for (int lane = 0; lane < count; lane++) {
            int number = lane;
            running.add(executor.submit(() -> {
                device.takeOver(start);
                task.accept(number);
                return device.handOver();
            }));
        }
        Throwable failure = null;
        for (Future<Device.Moment> future : running) {
            try {
                device.takeOver(future.get());
            } catch (ExecutionException e) {
                failure = failure != null ? failure : e.getCause();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while lanes compute", e);
            }
        }
        if (failure != null) {
            throw device.explained(unchecked(failure), lanes);
        }
    }

    private static RuntimeException unchecked(Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        return failure instanceof RuntimeException cause ? cause : new IllegalStateException(failure);
    }

    @Override
    public void close() {
        executor.shutdownNow();
    }
}
