package dev.lockstep.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FolderTrustTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path temporary;

    private Path above;
    private Path folder;

    @BeforeEach
    void make() throws IOException {
        above = temporary.toRealPath().resolve("above");
        folder = above.resolve("folder");
        FolderTrust.create(folder);
    }

    @Test
    void create_missingFolders_areAccessibleToThisUserOnly() throws IOException {
        assertThat(FolderTrust.describe(above)).endsWith(" rwx------");
        assertThat(FolderTrust.describe(folder)).endsWith(" rwx------");
        assertThatCode(() -> FolderTrust.check(List.of(folder))).doesNotThrowAnyException();
    }

    @Test
    void check_othersMayOnlyRead_passes() throws IOException {
        chmod(folder, "rwxr-xr-x");
        assertThatCode(() -> FolderTrust.check(List.of(folder))).doesNotThrowAnyException();
    }

    @Test
    void check_othersMayWriteThere_isRefused() throws IOException {
        chmod(folder, "rwxr-xrwx");
        assertRefused("others may write to " + folder);
    }

    @Test
    void check_othersMayReplaceTheFolder_isRefused() throws IOException {
        chmod(above, "rwxrwxrwx");
        assertRefused("others may write to " + above);
    }

    @Test
    void check_stickyParent_passesButStickyFolderIsRefused() throws IOException {
        Files.setAttribute(above, "unix:mode", 01777);
        assertThatCode(() -> FolderTrust.check(List.of(folder))).doesNotThrowAnyException();
        Files.setAttribute(folder, "unix:mode", 01777);
        assertRefused("others may write to " + folder);
    }

    @Test
    void check_fileThatOthersMayWrite_isRefused() throws IOException {
        Path file = Files.createFile(folder.resolve("library.so"));
        chmod(file, "rw-rw-rw-");
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> FolderTrust.check(List.of(folder, file)))
                .withMessageContaining("others may write to " + file);
    }

    @Test
    void check_folderOfAnotherUser_isRefused() throws IOException {
        int user = (Integer) Files.getAttribute(folder, "unix:uid");
        if (user == 0) {
            // Everybody trusts root's folders, so this one gets another owner.
            Files.setAttribute(folder, "unix:uid", 4242);
        }
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> FolderTrust.check(List.of(folder), user == 0 ? 0 : user + 1))
                .withMessageContaining(folder + " belongs to ")
                .withMessageContaining("LOCKSTEP_CACHE")
                .matches(e -> !e.getMessage().contains("\n"));
    }

    private void assertRefused(String what) {
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> FolderTrust.check(List.of(folder)))
                .withMessageContaining(what)
                .withMessageContaining("LOCKSTEP_CACHE");
    }

    private static void chmod(Path path, String mode) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }
}
