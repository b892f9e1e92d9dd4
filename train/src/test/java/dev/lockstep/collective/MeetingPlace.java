package dev.lockstep.collective;

import dev.lockstep.torch.Device;
import dev.lockstep.torch.PeerLink;
import dev.lockstep.torch.Peers;
import dev.lockstep.torch.StepScope;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.pytorch.Tensor;

/** Devices in host memory whose tensors pass from one to another; as NCCL, a call is done when its partners have made theirs. */
final class MeetingPlace {
    private final Map<String, Queue<Tensor>> underWay = new ConcurrentHashMap<>();
    final AtomicInteger keys = new AtomicInteger();
    final AtomicInteger exchanges = new AtomicInteger();
    final AtomicInteger aborted = new AtomicInteger();
    final AtomicInteger onHost = new AtomicInteger();

    Device device(String identity) {
        PeerLink link = new PeerLink() {
            @Override
            public String identity() {
                return identity;
            }

            @Override
            public byte[] newKey() {
                return new byte[] {(byte) keys.incrementAndGet()};
            }

            @Override
            public Peers connect(byte[] key, int rank, int size) {
                return new Member(key[0], rank, size);
            }
        };
        return (Device) Proxy.newProxyInstance(
                Device.class.getClassLoader(), new Class<?>[] {Device.class}, (self, method, arguments) -> {
                    if (method.getName().equals("link")) {
                        return Optional.of(link);
                    }
                    if (method.getName().equals("onHost")) {
                        onHost.incrementAndGet();
                    }
                    try {
                        return method.invoke(Device.cpu(), arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private final class Member implements Peers {
        private final int key;
        private final int rank;
        private final int size;
        private final List<Parcel> expected = new ArrayList<>();
        private Tensor summed;
        private List<Tensor> addends = List.of();

        Member(int key, int rank, int size) {
            this.key = key;
            this.rank = rank;
            this.size = size;
        }

        private Queue<Tensor> between(int from, int to) {
            return underWay.computeIfAbsent(key + ":" + from + ">" + to, name -> new ConcurrentLinkedQueue<>());
        }

        @Override
        public void exchange(List<Parcel> sent, List<Parcel> received) {
            exchanges.incrementAndGet();
            sent.forEach(parcel -> between(rank, parcel.rank())
                    .add(StepScope.keep(parcel.vector().clone())));
            expected.addAll(received);
        }

        @Override
        public void sum(Tensor vector) {
            List<Parcel> sent = new ArrayList<>();
            List<Parcel> received = new ArrayList<>();
            addends = new ArrayList<>();
            for (int peer = 0; peer < size; peer++) {
                if (peer != rank) {
                    Tensor arrived = vector.clone();
                    addends.add(arrived);
                    sent.add(new Parcel(peer, vector));
                    received.add(new Parcel(peer, arrived));
                }
            }
            summed = vector;
            exchange(sent, received);
        }

        @Override
        public boolean isDone() {
            while (!expected.isEmpty()) {
                Parcel next = expected.get(0);
                Tensor arrived = between(next.rank(), rank).poll();
                if (arrived == null) {
                    return false;
                }
                next.vector().copy_(arrived);
                arrived.close();
                expected.remove(0);
            }
            addends.forEach(addend -> summed.add_(addend));
            addends = List.of();
            return true;
        }

        @Override
        public void abort() {
            aborted.incrementAndGet();
        }

        @Override
        public void close() {}
    }
}
