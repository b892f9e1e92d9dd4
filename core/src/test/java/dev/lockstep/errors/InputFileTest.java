package dev.lockstep.errors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class InputFileTest {
    @TempDir
    private Path folder;

    @Test
    void text_fileAtTheLimit_isRead() throws IOException {
        Path file = Files.writeString(folder.resolve("a"), "größe");
        assertThat(InputFile.text(file, 7)).isEqualTo("größe");
        assertThatThrownBy(() -> InputFile.text(file, 6)).hasMessageContaining("larger than 6 bytes, the limit");
    }

    @Test
    void text_notUtf8_isRefused() throws IOException {
        Path file = Files.write(folder.resolve("a"), new byte[] {(byte) 0xff});
        assertThatThrownBy(() -> InputFile.text(file, 10)).isInstanceOf(CharacterCodingException.class);
    }

    @Test
    void bytes_folderOrMissingFile_isRefused() {
        assertThatThrownBy(() -> InputFile.bytes(folder, 10)).hasMessageContaining("not a regular file");
        assertThatThrownBy(() -> InputFile.bytes(folder.resolve("none"), 10)).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void bytes_device_isRefused() {
        assumeTrue(Files.exists(Path.of("/dev/zero")));
        assertThatThrownBy(() -> InputFile.bytes(Path.of("/dev/zero"), 10)).hasMessageContaining("not a regular file");
    }
}
