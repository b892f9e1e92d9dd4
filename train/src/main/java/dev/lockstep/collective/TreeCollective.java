package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.supervise.NextGroup;
import dev.lockstep.topology.Topology;
import dev.lockstep.torch.CpuDevice;
import dev.lockstep.torch.Device;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The all-reduce whose sums are the upper levels of {@link dev.lockstep.topology.ReductionTree}, over {@link SocketGroup}.
 * See {@link TreeSchedule} for the algorithm of balanced divisions; this class chooses between its two forms and caches
 * the plans, so that a step allocates nothing. {@link SegmentExchange} has that of all other divisions.
 *
 * <p>Plans hold views of the caller's buffers: the buffers of the last {@value #KEPT} different all-reduces stay alive.
 */
final class TreeCollective implements Collective {
    /**
     * The longest buffer that is sent whole in every step: up to this length it is faster at P = 4 and 8, see
     * docs/results/collectives.md.
     */
    static final long SHORT_ELEMENTS = 64 * 1024;
    /** The most elements of one message. At 100 MB and P = 8 shorter ones are slower; longer ones take more memory. */
    static final long PIECE_ELEMENTS = 1024 * 1024;

    /** More than the number of buckets of a large network, or each step would create its plans again. */
    private static final int KEPT = 256;

    private final SocketGroup group;
    private final long shortElements;
    private final long pieceElements;
    private final Scratch scratch;
    /** One buffer of each process. */
    private final Topology each;
    /** That of the last partial sums: the plans for buffers of another division would only keep them alive. */
    private Topology divided;

    private @Nullable Terms terms;
    private final DeviceLinks links;

    private final Map<Long, ShortExchange> shortExchanges = new Recent<>();
    private final Map<Memory, LongExchange> longExchanges = new Recent<>();

    TreeCollective(SocketGroup group) {
        this(group, SHORT_ELEMENTS, PIECE_ELEMENTS);
    }

    /** @param terms with which the group was joined, and the next one will be */
    TreeCollective(SocketGroup group, Terms terms) {
        this(group);
        this.terms = terms;
    }

    TreeCollective(SocketGroup group, long shortElements, long pieceElements) {
        this.group = group;
        this.shortElements = shortElements;
        this.pieceElements = pieceElements;
        this.scratch = new Scratch(pieceElements);
        this.each = Topology.equal(group.size(), group.size());
        this.divided = each;
        this.links = new DeviceLinks(group);
    }

    @Override
    public int rank() {
        return group.rank();
    }

    @Override
    public int size() {
        return group.size();
    }

    @Override
    public int processesHere() {
        return group.processesHere();
    }

    @Override
    public void allReduceSum(Tensor buffer) {
        inTurn(each, List.of(buffer), () -> {});
    }

    @Override
    public void allReduceSum(Topology topology, List<Tensor> partials) {
        inTurn(topology, partials, () -> {
            if (!topology.equals(divided)) {
                longExchanges.values().forEach(LongExchange::close);
                longExchanges.clear();
                divided = topology;
            }
        });
    }

    @Override
    public void allReduceSum(Device device, Topology topology, List<Tensor> partials) {
        Optional<DeviceSums> direct = links.of(device);
        if (direct.isPresent()) {
            direct.get().tree(topology, partials);
        } else {
            device.onHost(partials, onHost -> allReduceSum(topology, onHost));
        }
    }

    private void inTurn(Topology topology, List<Tensor> partials, Runnable first) {
        long length = Buffers.length(topology, this, partials);
        if (length == 0) {
            return;
        }
        group.inTurn(() -> {
            first.run();
            try (PointerScope scope = new PointerScope()) {
                if (topology.isBalanced()) {
                    sum(partials.get(0), length);
                } else {
                    new SegmentExchange(group, topology, partials, shortElements, pieceElements, scratch).sum();
                }
            }
            return null;
        });
    }

    private void sum(Tensor buffer, long length) {
        if (length <= shortElements) {
            plan(shortExchanges, length, n -> new ShortExchange(group, n)).sum(buffer);
        } else {
            Memory memory = new Memory(CpuDevice.address(buffer), length);
            plan(longExchanges, memory, key -> new LongExchange(group, buffer, pieceElements, scratch))
                    .sum();
        }
    }

    private static <K, P> P plan(Map<K, P> plans, K key, Function<K, P> create) {
        // Not computeIfAbsent: a plan is used right after it is found, so it is never the eldest.
        P plan = plans.get(key);
        if (plan == null) {
            plan = create.apply(key);
            plans.put(key, plan);
        }
        return plan;
    }

    @Override
    public List<byte[]> allGather(byte[] mine) {
        return group.allGather(mine);
    }

    @Override
    public String kind() {
        return "tree";
    }

    @Override
    public boolean isBitwise() {
        return true;
    }

    @Override
    public boolean isChangeDue() {
        return group.isChangeDue();
    }

    @Override
    public LockstepException awaitChange() {
        return group.awaitChange();
    }

    @Override
    public void askForLeave() {
        group.askForLeave();
    }

    @Override
    public void begun() {
        group.begun();
    }

    @Override
    public Optional<Collective> joinNext() {
        Terms joined = terms;
        if (joined == null || !group.isBroken()) {
            return Optional.empty();
        }
        Optional<NextGroup> next = group.next();
        if (next.isPresent()) {
            close();
        }
        return next.map(place -> Collectives.joinNext(place, joined));
    }

    @Override
    public void fail(Throwable cause) {
        group.fail(cause);
    }

    @Override
    public void close() {
        boolean broken = group.isBroken() || group.isBusy();
        boolean idle = group.leave();
        links.close(broken);
        if (idle) {
            shortExchanges.values().forEach(ShortExchange::close);
            longExchanges.values().forEach(LongExchange::close);
            shortExchanges.clear();
            longExchanges.clear();
            scratch.close();
        }
    }

    /** The address of a buffer. A plan keeps the memory alive, so no other buffer can be placed there. */
    private record Memory(long address, long length) {}

    /** The most recently used plans. */
    private static final class Recent<K, P extends AutoCloseable> extends LinkedHashMap<K, P> {
        Recent() {
            super(16, 0.75f, true);
        }

        @Override
        protected boolean removeEldestEntry(Map.Entry<K, P> eldest) {
            if (size() <= KEPT) {
                return false;
            }
            try {
                eldest.getValue().close();
            } catch (Exception e) {
                throw new IllegalStateException("a plan cannot be freed", e);
            }
            return true;
        }
    }
}
