package dev.lockstep.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.lockstep.collective.Collective;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.model.FlatState;
import dev.lockstep.text.Json;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.Tensors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Gives every process the state of one of them: that from which rank 0 starts, so that only rank 0 needs the run folder, or
 * that of the one which has come furthest. The state is the position, the trainer's sums, and every bit of parameters,
 * optimizer state and running statistics. A process needs memory for one piece besides its state.
 */
final class StateBroadcast {
    /** 1 MiB. Each process holds one piece at a time. */
    private static final int PIECE_FLOATS = 1 << 18;

    private static final byte[] NOTHING = {};

    private final Collective collective;
    private final int source;

    /** @param source the rank whose state all get */
    StateBroadcast(Collective collective, int source) {
        this.collective = collective;
        this.source = source;
    }

    /**
     * Where the source is.
     *
     * @param step of the checkpoint; negative when there is none
     * @param trainer the trainer's own state
     * @param failure why the source cannot start; null when it can
     */
    record Start(long step, String trainer, @Nullable Failure failure) {
        static final Start FROM_SCRATCH = new Start(-1, "", null);
    }

    /** A failure that every process reports in the same words. */
    record Failure(LockstepException.Kind kind, String whatAndWhere, String fix) {}

    /**
     * Every process's start. The initial state is a function of the recipe, so only a checkpoint's state is sent.
     *
     * @param restore restores a checkpoint into {@code state}; called on the source only
     * @throws LockstepException what {@code restore} threw, on every process
     */
    Start share(FlatState state, Supplier<Start> restore) {
        if (collective.size() == 1) {
            return restore.get();
        }
        Start start = collective.rank() == source ? send(restore) : receive();
        if (start.step() >= 0) {
            share(state.parameters());
            state.optimizer().values().forEach(this::share);
            share(state.running());
        }
        return start;
    }

    /** As {@link #share(FlatState, Supplier)}, on a process that is not the source. */
    Start receive(FlatState state) {
        return share(state, () -> {
            throw new IllegalStateException("source = " + source + " is this process");
        });
    }

    private Start send(Supplier<Start> restore) {
        Start start;
        try {
            start = restore.get();
        } catch (LockstepException e) {
            // The others wait for the start, and would blame this process for what all of them share.
            broadcast(write(new Start(-1, "", new Failure(e.kind(), e.whatAndWhere(), e.fix()))));
            throw e;
        }
        broadcast(write(start));
        return start;
    }

    private Start receive() {
        try {
            Start start = Json.MAPPER.readValue(broadcast(NOTHING), Start.class);
            if (start.failure() != null) {
                throw new LockstepException(
                        start.failure().kind(),
                        start.failure().whatAndWhere(),
                        "",
                        start.failure().fix());
            }
            return start;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] write(Start start) {
        try {
            return Json.MAPPER.writeValueAsBytes(start);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The bytes of the source. */
    private byte[] broadcast(byte[] mine) {
        return collective.allGather(mine).get(source);
    }

    private void share(Tensor flat) {
        for (long from = 0; from < flat.numel(); from += PIECE_FLOATS) {
            try (StepScope scope = new StepScope()) {
                Tensor piece = flat.narrow(0, from, Math.min(PIECE_FLOATS, flat.numel() - from));
                if (collective.rank() == source) {
                    broadcast(bytes(Tensors.toArray(piece)));
                } else {
                    Tensors.assign(piece, floats(broadcast(NOTHING)));
                }
            }
        }
    }

    private static byte[] bytes(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES);
        bytes.asFloatBuffer().put(values);
        return bytes.array();
    }

    private static float[] floats(byte[] bytes) {
        FloatBuffer values = ByteBuffer.wrap(bytes).asFloatBuffer();
        float[] floats = new float[values.remaining()];
        values.get(floats);
        return floats;
    }
}
