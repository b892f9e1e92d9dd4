package dev.lockstep.image.codec;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class ExaminedContentsTest {
    @Test
    void contains_addedKeysOnly() {
        ExaminedContents contents = new ExaminedContents();
        for (long key = 1; key <= 10_000; key++) {
            assertThat(contents.contains(key << 32 | 500)).isFalse();
            contents.add(key << 32 | 500);
            contents.add(key << 32 | 500);
        }
        for (long key = 1; key <= 10_000; key++) {
            assertThat(contents.contains(key << 32 | 500)).isTrue();
            assertThat(contents.contains(key << 32 | 501)).isFalse();
        }
    }

    @Test
    void key_differsWithBytesAndLength() {
        assertThat(ExaminedContents.key(new byte[] {1, 2}))
                .isNotEqualTo(ExaminedContents.key(new byte[] {1, 3}))
                .isNotEqualTo(ExaminedContents.key(new byte[] {1, 2, 0}))
                .isEqualTo(ExaminedContents.key(new byte[] {1, 2}));
        assertThat(ExaminedContents.key(new byte[1])).isNotZero();
    }
}
