package dev.lockstep.cli.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FatbinTest {
    private static final int SECTION = 64;

    @TempDir
    private Path temp;

    /** Code for one architecture. */
    private record Code(int architecture, String payload) {
        byte[] bytes() {
            ByteBuffer bytes = ByteBuffer.allocate(0x20 + payload.length()).order(ByteOrder.LITTLE_ENDIAN);
            bytes.putInt(4, 0x20).putLong(8, payload.length()).putInt(0x1c, architecture);
            bytes.position(0x20).put(payload.getBytes(StandardCharsets.US_ASCII));
            return bytes.array();
        }
    }

    private static byte[] container(Code... codes) {
        int length = Arrays.stream(codes).mapToInt(code -> code.bytes().length).sum();
        ByteBuffer bytes = ByteBuffer.allocate(16 + length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(0xBA55ED50).putShort((short) 1).putShort((short) 16).putLong(length);
        for (Code code : codes) {
            bytes.put(code.bytes());
        }
        return bytes.array();
    }

    /** A library whose only sections are the machine code for GPUs and the names. */
    private Path library(byte[]... containers) throws IOException {
        int size = Arrays.stream(containers).mapToInt(bytes -> bytes.length).sum();
        byte[] names = "\0.nv_fatbin\0.shstrtab\0".getBytes(StandardCharsets.US_ASCII);
        int table = SECTION + size + names.length;
        ByteBuffer elf = ByteBuffer.allocate(table + 3 * 64).order(ByteOrder.LITTLE_ENDIAN);
        elf.putInt(0, 0x464c457f).putShort(4, (short) 0x0102).putLong(0x28, table);
        elf.putShort(0x3a, (short) 64).putShort(0x3c, (short) 3).putShort(0x3e, (short) 2);
        elf.position(SECTION);
        for (byte[] container : containers) {
            elf.put(container);
        }
        elf.put(names);
        elf.putInt(table + 64, 1).putLong(table + 64 + 0x18, SECTION).putLong(table + 64 + 0x20, size);
        elf.putInt(table + 128, 12)
                .putLong(table + 128 + 0x18, SECTION + size)
                .putLong(table + 128 + 0x20, names.length);
        return Files.write(temp.resolve("lib.so"), elf.array());
    }

    private static String text(Path library) throws IOException {
        return Files.readString(library, StandardCharsets.ISO_8859_1);
    }

    @Test
    void onlyTheNamedArchitectureIsLeft() throws IOException {
        Path library = library(
                container(new Code(80, "first-80"), new Code(90, "first-90"), new Code(120, "first-12")),
                container(new Code(90, "other-90"), new Code(80, "other-80")));
        long length = Files.size(library);

        Fatbin.Trimmed trimmed = Fatbin.keep(library, Set.of(90));

        assertThat(trimmed).isEqualTo(new Fatbin.Trimmed(Set.of(80, 90, 120), 2 * 40, 3 * 40));
        assertThat(text(library)).contains("first-90", "other-90").doesNotContain("first-80", "first-12", "other-80");
        assertThat(library).hasSize(length);
        assertThat(Fatbin.architectures(library)).containsExactly(90);
    }

    @Test
    void severalArchitecturesKeepTheirOrder() throws IOException {
        Path library = library(container(new Code(75, "is-75---"), new Code(80, "is-80---"), new Code(90, "is-90---")));

        Fatbin.keep(library, Set.of(90, 75));

        assertThat(text(library)).containsSubsequence("is-75", "is-90").doesNotContain("is-80");
    }

    @Test
    void aContainerWithoutTheArchitectureStaysWhole() throws IOException {
        Path library = library(container(new Code(90, "first-90")), container(new Code(80, "only--80")));

        Fatbin.keep(library, Set.of(90));

        assertThat(text(library)).contains("first-90", "only--80");
    }

    @Test
    void anArchitectureThatIsNotThereIsRefused() throws IOException {
        Path library = library(container(new Code(80, "first-80"), new Code(90, "first-90")));
        String before = text(library);

        assertThatThrownBy(() -> Fatbin.keep(library, Set.of(70)))
                .isInstanceOf(LockstepException.class)
                .hasMessage(
                        "no code for this GPU architecture in lib.so, --gpu-arch = sm_70, choose among sm_80, sm_90");
        assertThat(text(library)).isEqualTo(before);
    }

    @Test
    void damageIsAnError() throws IOException {
        byte[] whole = Files.readAllBytes(library(container(new Code(80, "first-80"), new Code(90, "first-90"))));
        Path file = temp.resolve("damaged.so");
        for (int at : List.of(0, 4, 0x28, 0x2f, SECTION + 8, SECTION + 15, SECTION + 16 + 8, SECTION + 16 + 15)) {
            byte[] damaged = whole.clone();
            damaged[at] = 0x7f;
            if (at > 0 || damaged[0] != whole[0]) {
                Files.write(file, damaged);
                assertThatThrownBy(() -> Fatbin.architectures(file))
                        .as("byte %d", at)
                        .isInstanceOf(IOException.class);
            }
        }
        Files.write(file, Arrays.copyOf(whole, 50));
        assertThatThrownBy(() -> Fatbin.architectures(file)).isInstanceOf(IOException.class);
    }
}
