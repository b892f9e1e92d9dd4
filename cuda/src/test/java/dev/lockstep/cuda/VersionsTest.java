package dev.lockstep.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.torch.LibraryVersion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VersionsTest {
    @Test
    void numbers_areWrittenAsPeopleDo() {
        assertThat(Versions.cuda(13030)).isEqualTo("13.3");
        assertThat(Versions.text(92500)).isEqualTo("9.25.0");
        assertThat(Versions.of("NCCL", 23007, 23007)).isEqualTo(new LibraryVersion("NCCL", "2.30.7", "2.30.7", ""));
    }

    @ParameterizedTest
    @CsvSource({
        "92500, 92500, ''",
        "92500, 92600, ''",
        "92501, 92500, ''",
        "92500, 91900, 'older, functions may be missing'",
        "92500, 100000, another major version"
    })
    void problem_ofALibrary(long compiled, long loaded, String problem) {
        assertThat(Versions.of("cuDNN", compiled, loaded).problem()).isEqualTo(problem);
    }
}
