package dev.lockstep.supervise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GroupSecretTest {
    private static final String LONG_ENOUGH = "0123456789abcdef";

    @TempDir
    Path folder;

    @Test
    void notSet_isNone() {
        assertThat(GroupSecret.from(Map.of()).isKnown()).isFalse();
    }

    @Test
    void created_isOfThisUserAlone_andDiffersEachTime() throws IOException {
        Path first = GroupSecret.create();
        Path second = GroupSecret.create();
        try {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(first)))
                    .isEqualTo("rw-------");
            assertThat(from(first).isKnown()).isTrue();
            assertThat(from(first).mac("x"))
                    .isEqualTo(from(first).mac("x"))
                    .isNotEqualTo(from(second).mac("x"));
        } finally {
            Files.delete(first);
            Files.delete(second);
        }
    }

    /** As Kubernetes mounts secrets; a line break at the end is an editor's. */
    @Test
    void linkToAFile_isFollowed_andTheEndOfTheLineDoesNotCount() throws IOException {
        Path file = write("one", LONG_ENOUGH, "rw-------");
        Path link = Files.createSymbolicLink(folder.resolve("link"), write("two", LONG_ENOUGH + "\n", "rw-------"));
        assertThat(from(link).mac("x")).isEqualTo(from(file).mac("x"));
    }

    @ParameterizedTest
    @CsvSource({"rw-r-----", "rw----r--", "rw--w----", "rw-----w-"})
    void fileThatOthersCanUse_isRefused(String permissions) throws IOException {
        Path file = write("open", LONG_ENOUGH, permissions);
        assertRefused(
                file,
                "the group's secret can be read or written by others, LOCKSTEP_GROUP_SECRET = " + file + ", chmod 600 "
                        + file);
    }

    /** As Kubernetes mounts secrets for a process that is not root. Needs root, to give the file away. */
    @Test
    void fileOfAnotherUser_mayBeReadByTheGroup() throws IOException {
        assumeTrue((int) Files.getAttribute(folder, "unix:uid") == 0);
        Path file = write("of another", LONG_ENOUGH, "r--r-----");
        Files.setAttribute(file, "unix:uid", 65_532);
        assertThat(from(file).isKnown()).isTrue();
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw----"));
        assertRefused(file, "the group's secret can be read or written by others");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
        assertRefused(file, "the group's secret can be read or written by others");
    }

    @Test
    void fileOfAWrongSize_isRefused() throws IOException {
        assertRefused(
                write("short", "0123456789abcde", "rw-------"), "the group's secret has 15 bytes and not 16 to 4096");
        assertRefused(
                write("blank", " ".repeat(50), "rw-------"), "the group's secret has 50 bytes and not 16 to 4096");
        assertRefused(
                write("long", "x".repeat(5000), "rw-------"), "the group's secret has 5000 bytes and not 16 to 4096");
    }

    @Test
    void whatIsNoFile_isRefused() {
        assertRefused(folder, "the group's secret is not a regular file");
        assertRefused(Path.of("/dev/zero"), "the group's secret is not a regular file");
        assertRefused(folder.resolve("missing"), "the group's secret cannot be read");
    }

    private Path write(String name, String text, String permissions) throws IOException {
        Path file = Files.writeString(folder.resolve(name), text);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
    }

    private static GroupSecret from(Path file) {
        return GroupSecret.from(Map.of(GroupSecret.VARIABLE, file.toString()));
    }

    private static void assertRefused(Path file, String message) {
        assertThatThrownBy(() -> from(file))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(2))
                .hasMessageStartingWith(message);
    }

    @Test
    void bytesOfTheCaller_areTheSecret_withinLimits() {
        byte[] bytes = new byte[16];
        GroupSecret secret = GroupSecret.of(bytes);
        bytes[0] = 1;
        assertThat(secret.isKnown()).isTrue();
        assertThat(secret.mac("x")).isEqualTo(GroupSecret.of(new byte[16]).mac("x"));
        assertThat(secret.mac("x")).isNotEqualTo(GroupSecret.of(bytes).mac("x"));
        assertThatThrownBy(() -> GroupSecret.of(new byte[15]))
                .hasMessageStartingWith("the group's secret has 15 bytes and not 16 to 4096");
    }
}
