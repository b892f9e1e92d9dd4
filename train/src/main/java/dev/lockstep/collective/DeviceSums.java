package dev.lockstep.collective;

import dev.lockstep.topology.Topology;
import dev.lockstep.topology.Topology.Arrival;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.Peers;
import dev.lockstep.torch.Peers.Parcel;
import dev.lockstep.torch.StepScope;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.bytedeco.pytorch.Tensor;

/**
 * Sums of tensors that stay on their devices. The buffer is divided into segments, each with an owner: every process sends its
 * partial sums of a segment to the owner, who adds those of all processes in the order of {@link Topology#arrivals} and returns
 * the total. As {@link SegmentExchange}, for any division of the workers, but each of the two rounds is one call of the library.
 *
 * <p>The calling thread waits for each round. When the group breaks meanwhile, the round is given up, which frees the device: an
 * operation that waits for a lost process would occupy it for good.
 */
final class DeviceSums {
    /** How long the thread sleeps between two looks at the device. */
    private static final long NAP_NANOS = 20_000;

    private final SocketGroup group;
    private final Device device;
    private final Peers peers;
    /** Where the partial sums of other processes arrive. */
    private final List<Tensor> arrived = new ArrayList<>();

    private DeviceSums(SocketGroup group, Device device, Peers peers) {
        this.group = group;
        this.device = device;
        this.peers = peers;
    }

    /** Waits until all processes are connected. */
    static DeviceSums connect(SocketGroup group, Device device, Peers peers) {
        DeviceSums made = new DeviceSums(group, device, peers);
        group.inTurn(() -> {
            made.await(() -> {}, "while the devices connected");
            return null;
        });
        return made;
    }

    /** In the order of the tree. The total is in the first partial sum afterward. */
    void tree(Topology topology, List<Tensor> partials) {
        long length = partials.get(0).numel();
        if (length > 0) {
            group.inTurn(() -> {
                try (StepScope scope = new StepScope()) {
                    new Round(topology, partials, length).sum();
                    return null;
                }
            });
        }
    }

    /** By the library's own all-reduce. */
    void library(Topology topology, List<Tensor> partials) {
        if (topology.processes() != group.size()) {
            throw new IllegalArgumentException(topology + ", processes = " + group.size());
        }
        group.inTurn(() -> {
            try (StepScope scope = new StepScope()) {
                Tensor sum = partials.get(0);
                partials.subList(1, partials.size()).forEach(sum::add_);
                await(() -> peers.sum(sum), "during an all-reduce");
                return null;
            }
        });
    }

    private void await(Runnable call, String where) {
        long deadline = System.nanoTime() + group.callTimeout().toNanos();
        try {
            call.run();
            while (!peers.isDone()) {
                if (group.isBroken()) {
                    throw new IOException("the group has failed");
                }
                if (Thread.currentThread().isInterrupted()) {
                    throw new IOException("this thread was interrupted");
                }
                if (System.nanoTime() > deadline) {
                    throw new IOException("timed out");
                }
                LockSupport.parkNanos(NAP_NANOS);
            }
        } catch (IOException | IllegalStateException e) {
            peers.abort();
            throw group.fail(CommunicationFailure.of(e, "another process", where));
        }
    }

    /** One sum. */
    private final class Round {
        private final Topology topology;
        private final List<Tensor> partials;
        private final long length;
        private final int owners;

        Round(Topology topology, List<Tensor> partials, long length) {
            this.topology = topology;
            this.partials = partials;
            this.length = length;
            this.owners = (int) Math.max(1, Math.min(group.size(), length / TreeCollective.SHORT_ELEMENTS));
        }

        void sum() {
            List<Arrival> others = topology.arrivals().stream()
                    .filter(arrival -> arrival.rank() != group.rank())
                    .toList();
            boolean owns = group.rank() < owners;
            List<Tensor> received = owns ? receivers(others.size()) : List.of();
            await(
                    () -> peers.exchange(given(), owns ? parcels(others, received) : List.of()),
                    "while partial sums went to their owners");
            if (owns) {
                add(received);
            }
            await(() -> peers.exchange(owns ? totals() : List.of(), shared()), "while sums came from their owners");
        }

        private List<Tensor> receivers(int count) {
            long most = (length + owners - 1) / owners;
            arrived.removeIf(vector -> {
                boolean small = vector.numel() < most;
                if (small) {
                    vector.close();
                }
                return small;
            });
            while (arrived.size() < count) {
                arrived.add(StepScope.keep(device.zeros(most)));
            }
            long own = to(group.rank()) - from(group.rank());
            return arrived.subList(0, count).stream()
                    .map(vector -> vector.narrow(0, 0, own))
                    .toList();
        }

        /** A process sends its partial sums from left to right, as they are listed. */
        private List<Parcel> parcels(List<Arrival> others, List<Tensor> received) {
            List<Parcel> parcels = new ArrayList<>();
            for (int i = 0; i < others.size(); i++) {
                parcels.add(new Parcel(others.get(i).rank(), received.get(i)));
            }
            return parcels;
        }

        private List<Parcel> given() {
            List<Parcel> parcels = new ArrayList<>();
            for (int owner = 0; owner < owners; owner++) {
                if (owner != group.rank()) {
                    for (Tensor partial : partials) {
                        parcels.add(new Parcel(owner, segment(partial, owner)));
                    }
                }
            }
            return parcels;
        }

        private void add(List<Tensor> received) {
            Deque<Tensor> sums = new ArrayDeque<>();
            int next = 0;
            for (Arrival arrival : topology.arrivals()) {
                sums.push(
                        arrival.rank() == group.rank()
                                ? segment(partials.get(arrival.root()), group.rank())
                                : received.get(next++));
                for (int i = 0; i < arrival.additions(); i++) {
                    Tensor right = sums.pop();
                    sums.element().add_(right);
                }
            }
            Tensor total = sums.pop();
            if (topology.arrivals().get(0).rank() != group.rank()) {
                segment(partials.get(0), group.rank()).copy_(total);
            }
        }

        private List<Parcel> totals() {
            List<Parcel> parcels = new ArrayList<>();
            for (int rank = 0; rank < group.size(); rank++) {
                if (rank != group.rank()) {
                    parcels.add(new Parcel(rank, segment(partials.get(0), group.rank())));
                }
            }
            return parcels;
        }

        private List<Parcel> shared() {
            List<Parcel> parcels = new ArrayList<>();
            for (int owner = 0; owner < owners; owner++) {
                if (owner != group.rank()) {
                    parcels.add(new Parcel(owner, segment(partials.get(0), owner)));
                }
            }
            return parcels;
        }

        private Tensor segment(Tensor partial, int owner) {
            return partial.narrow(0, from(owner), to(owner) - from(owner));
        }

        private long from(int owner) {
            return length * owner / owners;
        }

        private long to(int owner) {
            return length * (owner + 1) / owners;
        }
    }

    /** @param broken whether an operation may still wait for another process */
    void close(boolean broken) {
        if (broken) {
            peers.abort();
        }
        peers.close();
        arrived.forEach(Tensor::close);
        arrived.clear();
    }
}
