package dev.lockstep.image.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class SamplesTest {
    /** Names with the same hash in Java, made from "Aa" and "BB". */
    @Test
    void sameKey_namesWithCollidingHashes_isFoundQuickly() {
        Samples samples = new Samples();
        for (int i = 0; i < 1 << 16; i++) {
            StringBuilder name = new StringBuilder();
            for (int bit = 0; bit < 16; bit++) {
                name.append((i >> bit & 1) == 0 ? "Aa" : "BB");
            }
            samples.add(name + ".jpg", 1, 0);
        }
        assertTimeoutPreemptively(
                Duration.ofMinutes(1), () -> assertThat(samples.sameKey()).isEmpty());
        samples.add("AaAa".repeat(8) + ".png", 1, 0);
        assertThat(samples.sameKey()).hasValueSatisfying(two -> assertThat(two).containsExactlyInAnyOrder(0, 1 << 16));
    }
}
