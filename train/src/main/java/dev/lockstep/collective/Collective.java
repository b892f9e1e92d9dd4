package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.topology.Topology;
import dev.lockstep.torch.Device;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * The joint operations of P processes. Every process calls the same methods in the same order; one thread at a time.
 *
 * <p>A call that fails because another process failed throws a {@link dev.lockstep.errors.LockstepException} of kind WORKER
 * that names it. After that no call succeeds: close the collective. The process may join another group.
 */
public interface Collective extends AutoCloseable {
    int rank();

    int size();

    /** How many of the processes run on this machine and share its cores. */
    default int processesHere() {
        return size();
    }

    /**
     * Replaces the elements by their sums over all processes. Every process ends with the same bits.
     *
     * @param buffer one-dimensional, contiguous, float32, in host memory, of the same length everywhere; see {@link
     *     dev.lockstep.torch.Device#onHost}
     */
    void allReduceSum(Tensor buffer);

    /**
     * Sums the partial sums of all processes. If {@link #isBitwise}, the total has the same bits for every topology of
     * these workers. Every process ends with it in {@code partials.get(0)}; the other partial sums are then undefined.
     *
     * @param partials this process's sums, one for each of {@link Topology#subtreesOf}: buffers as for {@link
     *     #allReduceSum(Tensor)}, of the same length everywhere
     */
    void allReduceSum(Topology topology, List<Tensor> partials);

    /**
     * {@link #allReduceSum(Topology, List)} of tensors of a device: from device to device if each process has one of its own that
     * can do that, else through host memory. The bits are the same if {@link #isBitwise}.
     */
    default void allReduceSum(Device device, Topology topology, List<Tensor> partials) {
        device.onHost(partials, onHost -> allReduceSum(topology, onHost));
    }

    /** Every process's bytes, by rank. Intended for facts that are compared before and during training, not for tensors. */
    List<byte[]> allGather(byte[] mine);

    /** The kind of sums, as {@code --collective} names it. */
    default String kind() {
        return getClass().getSimpleName();
    }

    /** Whether sums follow the order of {@link dev.lockstep.topology.ReductionTree}, so that P does not change bits. */
    boolean isBitwise();

    /**
     * Reports to the other processes that this one cannot continue, and why, so that their failures name it. Call it before
     * {@link #close}, which otherwise deregisters normally.
     */
    default void fail(Throwable cause) {}

    /**
     * Whether the keeper of an elastic group asks its processes to stop between two steps, where each calls {@link
     * #awaitChange}, because one joins or leaves; also whether the group has ended. Any thread may call it.
     */
    default boolean isChangeDue() {
        return false;
    }

    /**
     * Waits until the keeper of an elastic group ends this one, which it does when all processes wait or one is lost. {@link
     * #joinNext} follows.
     *
     * @return why the group has ended
     */
    default LockstepException awaitChange() {
        throw new IllegalStateException("not an elastic group");
    }

    /**
     * Asks the keeper of an elastic group to let this process leave: a change will be due, after which it has no place. Any
     * thread may call it.
     */
    default void askForLeave() {}

    /**
     * Tells an elastic group that no launcher keeps that the run has its files in this generation, and so is the one that
     * processes join later. Rank 0 calls it.
     */
    default void begun() {}

    /**
     * After a failure: joins the group of the processes that continue, if the keeper of the group has a place there for this
     * one. The previous collective must be closed then.
     *
     * @return empty when the group has ended, or has let this process go
     * @throws dev.lockstep.errors.LockstepException of kind WORKER when those that continue do not join in time
     */
    default Optional<Collective> joinNext() {
        return Optional.empty();
    }

    /**
     * Leaves the group and closes its connections. After a failure, or while another thread is in a call, the other
     * processes are notified that this one is lost.
     */
    @Override
    void close();
}
