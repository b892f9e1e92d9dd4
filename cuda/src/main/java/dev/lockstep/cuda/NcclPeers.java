package dev.lockstep.cuda;

import dev.lockstep.torch.Peers;
import dev.lockstep.torch.StepScope;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.nccl;
import org.bytedeco.cuda.nccl.ncclComm;
import org.bytedeco.cuda.nccl.ncclConfig_t;
import org.bytedeco.cuda.nccl.ncclUniqueId;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;

/** NCCL between cards, a process each. Works in the stream of the calling thread. */
final class NcclPeers implements Peers {
    private final ncclComm communicator = StepScope.keep(new ncclComm());
    private final Supplier<CUstream_st> stream;
    private final CUevent_st end = StepScope.keep(new CUevent_st());
    private boolean marked = true;
    private boolean gone;

    /** @param stream that of the calling thread */
    NcclPeers(byte[] id, int rank, int size, Supplier<CUstream_st> stream) {
        this.stream = stream;
        Cuda.check(cudart.cudaEventCreateWithFlags(end, cudart.cudaEventDisableTiming), "cudaEventCreateWithFlags");
        try (ncclUniqueId key = Nccl.id(id);
                ncclConfig_t config = Nccl.config()) {
            Nccl.check(nccl.ncclCommInitRankConfig(communicator, size, key, rank, config), "ncclCommInitRankConfig");
        }
    }

    @Override
    public void exchange(List<Parcel> sent, List<Parcel> received) {
        try (StepScope scope = new StepScope()) {
            CUstream_st own = stream.get();
            Nccl.check(nccl.ncclGroupStart(), "ncclGroupStart");
            for (Parcel parcel : sent) {
                Nccl.check(
                        nccl.ncclSend(
                                data(parcel.vector()),
                                parcel.vector().numel(),
                                nccl.ncclFloat,
                                parcel.rank(),
                                communicator,
                                own),
                        "ncclSend");
            }
            for (Parcel parcel : received) {
                Nccl.check(
                        nccl.ncclRecv(
                                data(parcel.vector()),
                                parcel.vector().numel(),
                                nccl.ncclFloat,
                                parcel.rank(),
                                communicator,
                                own),
                        "ncclRecv");
            }
            Nccl.check(nccl.ncclGroupEnd(), "ncclGroupEnd");
            marked = false;
        }
    }

    private static Pointer data(Tensor vector) {
        return vector.data_ptr();
    }

    @Override
    public void sum(Tensor vector) {
        try (StepScope scope = new StepScope()) {
            Pointer data = data(vector);
            Nccl.check(
                    nccl.ncclAllReduce(
                            data, data, vector.numel(), nccl.ncclFloat, nccl.ncclSum, communicator, stream.get()),
                    "ncclAllReduce");
            marked = false;
        }
    }

    /** A call is only in the stream when the communicator says that it is no longer in progress. */
    @Override
    public boolean isDone() {
        int[] state = new int[1];
        Nccl.check(nccl.ncclCommGetAsyncError(communicator, state), "ncclCommGetAsyncError");
        Nccl.check(state[0], "NCCL");
        if (state[0] == nccl.ncclInProgress) {
            return false;
        }
        if (!marked) {
            try (StepScope scope = new StepScope()) {
                Cuda.check(cudart.cudaEventRecord(end, stream.get()), "cudaEventRecord");
            }
            marked = true;
        }
        int code = cudart.cudaEventQuery(end);
        if (code == cudart.cudaErrorNotReady) {
            return false;
        }
        Cuda.check(code, "cudaEventQuery");
        return true;
    }

    @Override
    public void abort() {
        if (!gone) {
            gone = true;
            nccl.ncclCommAbort(communicator);
        }
    }

    @Override
    public void close() {
        if (!gone) {
            gone = true;
            nccl.ncclCommDestroy(communicator);
        }
        cudart.cudaEventDestroy(end);
    }
}
