package dev.lockstep.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class LocationsTest {
    @ParameterizedTest
    @ValueSource(strings = {"runs/k64", "/data", "a:b", "k:64/run", "s3", "s3:", "run:1/x", "./s3://x"})
    void localPath_isItself(String text) {
        assertThat(Locations.path(text)).isEqualTo(Path.of(text));
    }

    @ParameterizedTest
    @CsvSource({"file:/data/a, /data/a", "file:///data/a%20b, /data/a b", "FILE:///data, /data"})
    void fileUri_isItsPath(String text, String path) {
        assertThat(Locations.path(text)).isEqualTo(Path.of(path));
    }

    @ParameterizedTest
    @ValueSource(strings = {"ftp://host/run", "s3:/bucket", "HTTP://host/x", "jar:/x", "foo+bar:///x"})
    void otherScheme_isRefusedByName(String text) {
        assertThatThrownBy(() -> Locations.path(text))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.kind()).isEqualTo(LockstepException.Kind.RECIPE))
                .hasMessageContaining("scheme = ")
                .hasMessageContaining("path = " + text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a\0b", "file://host/a", "file:///a b"})
    void malformedPath_isRefused(String text) {
        assertThatThrownBy(() -> Locations.path(text)).isInstanceOf(LockstepException.class);
    }

    @Test
    void message_saysWhatToGive() {
        assertThatThrownBy(() -> Locations.path("ftp://host/run"))
                .hasMessage("cannot open paths of this kind: scheme = ftp, path = ftp://host/run,"
                        + " give a path of this machine, such as /data or file:///data");
    }
}
