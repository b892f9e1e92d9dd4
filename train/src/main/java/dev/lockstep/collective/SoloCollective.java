package dev.lockstep.collective;

import dev.lockstep.supervise.FailureReport;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** A group of one process: its own buffer is the sum. Loads nothing native. */
public final class SoloCollective implements Collective {
    private final @Nullable Watch watch;
    private boolean failed;

    public SoloCollective() {
        this(null);
    }

    /** @param watch of the launcher that started this process, if one did */
    SoloCollective(@Nullable Watch watch) {
        this.watch = watch;
    }

    @Override
    public int rank() {
        return 0;
    }

    @Override
    public int size() {
        return 1;
    }

    @Override
    public void allReduceSum(Tensor buffer) {
        Buffers.length(buffer);
    }

    @Override
    public List<byte[]> allGather(byte[] mine) {
        return List.of(mine.clone());
    }

    @Override
    public boolean isBitwise() {
        return true;
    }

    @Override
    public void fail(Throwable cause) {
        if (watch != null && !failed) {
            failed = true;
            watch.failed(FailureReport.words(cause));
        }
    }

    @Override
    public void close() {
        if (watch != null && !failed) {
            watch.end();
        }
    }
}
