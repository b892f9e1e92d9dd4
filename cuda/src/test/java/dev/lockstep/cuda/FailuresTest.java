package dev.lockstep.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.errors.LockstepException;
import org.junit.jupiter.api.Test;

class FailuresTest {
    private static String line(String message, int lanes) {
        return CudaDevice.Failures.explained(new RuntimeException(message), "cuda:1", lanes)
                .getMessage();
    }

    @Test
    void fullMemory_saysWhichNumberToLower() {
        String message =
                "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 1 has a total capacity of 79.19 GiB\nC++ stack";
        assertThat(line(message, 8))
                .isEqualTo("the card's memory is full, device = cuda:1, lanes = 8, lower --lanes to 4");
        assertThat(line(message, 1))
                .isEqualTo(
                        "the card's memory is full, device = cuda:1, lanes = 1, lower images-per-worker and raise workers as"
                                + " much, or use precision = bf16");
    }

    @Test
    void failureOfTheCard_isOneLine() {
        assertThat(line("CUDA error: an illegal memory access was encountered\nCUDA kernel errors might be …", 2))
                .isEqualTo(
                        "the card failed: CUDA error: an illegal memory access was encountered, device = cuda:1, look for Xid"
                                + " in the kernel's log, then resume the run");
    }

    @Test
    void otherFailures_stayAsTheyAre() {
        RuntimeException other = new RuntimeException("shape mismatch");
        assertThat(CudaDevice.Failures.explained(other, "cuda:0", 1)).isSameAs(other);
        LockstepException known = LockstepException.data("CUDA out of memory", "a = 1", "no");
        assertThat(CudaDevice.Failures.explained(known, "cuda:0", 1)).isSameAs(known);
    }
}
