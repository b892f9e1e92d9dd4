package dev.lockstep.cuda;

import dev.lockstep.torch.Device;
import dev.lockstep.torch.StepScope;
import org.bytedeco.cuda.cudart.CUgraphExec_st;
import org.bytedeco.cuda.cudart.CUgraph_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.LongPair;
import org.bytedeco.pytorch.cuda.CUDAAllocator;
import org.bytedeco.pytorch.cuda.MemPool;
import org.bytedeco.pytorch.cuda.StreamFilter;
import org.bytedeco.pytorch.global.torch_cuda;

/**
 * Operations of a lane that the card runs as one. While they are captured, the allocator takes memory from a pool that belongs to
 * the graph alone, because each replay uses the same addresses.
 */
final class CapturedGraph implements Device.Recording {
    private final byte index;
    private final StreamOfThread stream;
    private final CUgraphExec_st graph;
    private final LongPair pool;

    private CapturedGraph(byte index, StreamOfThread stream, CUgraphExec_st graph, LongPair pool) {
        this.index = index;
        this.stream = stream;
        this.graph = graph;
        this.pool = pool;
    }

    /** Allocations of this lane, whichever thread makes them: backward allocates in a thread of libtorch. */
    private static final class OfStream extends StreamFilter {
        private final long address;

        OfStream(long address) {
            this.address = address;
        }

        @Override
        public boolean call(Pointer asking) {
            return asking != null && asking.address() == address;
        }
    }

    /** Captures what {@code work} asks for in the stream of the calling thread, without doing it. */
    static CapturedGraph of(byte index, StreamOfThread stream, Runnable work) {
        try (StepScope scope = new StepScope()) {
            CUDAAllocator allocator = torch_cuda.getAllocator();
            // What earlier workers left in the cache cannot be used by the graph.
            stream.await();
            allocator.emptyCache();
            LongPair pool = StepScope.keep(new LongPair(MemPool.graph_pool_handle(false)));
            OfStream filter = new OfStream(stream.compute().stream().address());
            CUgraph_st captured = new CUgraph_st();
            allocator.beginAllocateToPool(index, pool, filter);
            try {
                Cuda.check(
                        cudart.cudaStreamBeginCapture(
                                stream.compute().stream(), cudart.cudaStreamCaptureModeThreadLocal),
                        "cudaStreamBeginCapture");
                try {
                    work.run();
                } finally {
                    Cuda.check(
                            cudart.cudaStreamEndCapture(stream.compute().stream(), captured), "cudaStreamEndCapture");
                }
            } finally {
                allocator.endAllocateToPool(index, pool);
            }
            CUgraphExec_st graph = StepScope.keep(new CUgraphExec_st());
            Cuda.check(
                    cudart.cudaGraphInstantiateWithFlags(
                            graph,
                            captured,
                            cudart.cudaGraphInstantiateFlagAutoFreeOnLaunch
                                    | cudart.cudaGraphInstantiateFlagUseNodePriority),
                    "cudaGraphInstantiateWithFlags");
            Cuda.check(cudart.cudaGraphDestroy(captured), "cudaGraphDestroy");
            return new CapturedGraph(index, stream, graph, pool);
        }
    }

    @Override
    public void replay() {
        try (StepScope scope = new StepScope()) {
            Cuda.check(cudart.cudaGraphLaunch(graph, stream.compute().stream()), "cudaGraphLaunch");
        }
    }

    @Override
    public void close() {
        cudart.cudaGraphExecDestroy(graph);
        torch_cuda.getAllocator().releasePool(index, pool);
        graph.close();
        pool.close();
    }
}
