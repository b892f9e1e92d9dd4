package dev.lockstep.torch;

import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * The devices of the processes of a group, connected so that tensors pass from one to another without the host's memory. Calls
 * return at once; one thread at a time makes them. After each, {@link #isDone} is asked until it is true.
 */
public interface Peers extends AutoCloseable {
    /**
     * A contiguous float32 vector on its way.
     *
     * @param rank the process at the other end
     */
    record Parcel(int rank, Tensor vector) {}

    /**
     * Asks for all of these at once. Those from one process to another arrive in the order in which they are listed.
     *
     * @param received to be overwritten
     */
    void exchange(List<Parcel> sent, List<Parcel> received);

    /** Asks for the sum over all processes in place of a vector; the order of the additions is the library's own. */
    void sum(Tensor vector);

    /**
     * Whether what was asked for is done; the first time, whether all processes are connected.
     *
     * @throws IllegalStateException when another process cannot be reached
     */
    boolean isDone();

    /** Gives up what was asked for, so that the device is free. Nothing else but {@link #close} may follow. */
    void abort();

    @Override
    void close();
}
