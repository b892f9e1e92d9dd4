package dev.lockstep.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.lockstep.errors.LockstepException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Small files that request a lot: each is rejected quickly, in one line that names the limit. */
class WeightsLimitsTest {
    private static final String REBUILD = "ctorch._utils\n_rebuild_tensor_v2\n";

    @TempDir
    private Path folder;

    /** Builds a pickle opcode by opcode. Strings are ASCII. */
    private static final class Pickle {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Pickle() {
            op("\u0080\u0002");
        }

        Pickle op(String opcodes) {
            out.writeBytes(opcodes.getBytes(StandardCharsets.ISO_8859_1));
            return this;
        }

        Pickle text(String text) {
            op("X").int32(text.length());
            return op(text);
        }

        Pickle number(int value) {
            return op("J").int32(value);
        }

        private Pickle int32(int value) {
            out.writeBytes(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(value)
                    .array());
            return this;
        }

        /** A storage under the key "0", of float32. */
        Pickle storage(int elements) {
            return op("(").text("storage")
                    .op("ctorch\nFloatStorage\n")
                    .text("0")
                    .text("cpu")
                    .number(elements)
                    .op("tQ");
        }

        byte[] end() {
            return op(".").out.toByteArray();
        }
    }

    private static void entry(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
        ZipEntry entry = new ZipEntry("archive/" + name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(bytes.length);
        CRC32 checksum = new CRC32();
        checksum.update(bytes);
        entry.setCrc(checksum.getValue());
        zip.putNextEntry(entry);
        zip.write(bytes);
        zip.closeEntry();
    }

    private Path archive(byte[] pickle, byte[] storage) throws IOException {
        Path file = folder.resolve("archive.pt");
        try (OutputStream out = Files.newOutputStream(file);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            entry(zip, "data.pkl", pickle);
            entry(zip, "data/0", storage);
        }
        return file;
    }

    private static void requireRefused(Path file, String... why) {
        assertTimeoutPreemptively(
                Duration.ofSeconds(10),
                () -> assertThatThrownBy(() -> Weights.read(file))
                        .isInstanceOfSatisfying(
                                LockstepException.class,
                                e -> assertThat(e.kind()).isEqualTo(LockstepException.Kind.CHECKPOINT))
                        .hasMessageContainingAll(why)
                        .satisfies(e -> assertThat(e.getMessage().length()).isLessThan(1000)));
    }

    @Test
    void nameOfManyPrefixes_isRefused() throws IOException {
        Path file = folder.resolve("prefixes.pt");
        new Weights("", Map.of("module.".repeat(83_000), HostTensor.ofLong(1))).write(file);
        requireRefused(file, "a name has 581000 characters, limit = 1000: module.module.");
    }

    @Test
    void tensorOfManyDimensions_isRefused() throws IOException {
        Pickle pickle = new Pickle().op("}((");
        for (int i = 0; i < 100_000; i++) {
            pickle.op("K\u0001");
        }
        pickle.op("tq\u00010");
        for (int i = 0; i < 100_000; i++) {
            pickle.text("n" + i).op(REBUILD + "(").storage(1).op("K\u0000h\u0001h\u0001tR");
        }
        requireRefused(archive(pickle.op("u").end(), new byte[4]), "100000 dimensions, limit = 64");
    }

    @Test
    void listThatIsCopiedAgainAndAgain_isRefused() throws IOException {
        Pickle pickle = new Pickle().op("](");
        for (int i = 0; i < 50_000; i++) {
            pickle.number(i).op("N\u0086");
        }
        pickle.op("e\u0085q\u0001");
        for (int i = 0; i < 50_000; i++) {
            pickle.op("0ccollections\nOrderedDict\nh\u0001R");
        }
        requireRefused(archive(pickle.end(), new byte[4]), "its pickle needs more than 2097152 steps");
    }

    @Test
    void longPickle_isRefused() throws IOException {
        Pickle pickle = new Pickle();
        for (int i = 0; i < 9; i++) {
            pickle.text("x".repeat(1 << 20));
        }
        requireRefused(archive(pickle.end(), new byte[4]), "its pickle is larger than 8 MiB");
    }

    /** Each of the tensors is the storage transposed, so none can share its memory. */
    @Test
    void storageOfManyTensors_isRefused() throws IOException {
        int side = 500;
        Pickle pickle = new Pickle().op("}(");
        for (int i = 0; i < 10_000; i++) {
            pickle.text("n" + i)
                    .op(REBUILD + "(")
                    .storage(side * side)
                    .op("K\u0000")
                    .number(side)
                    .number(side)
                    .op("\u0086K\u0001")
                    .number(side)
                    .op("\u0086tR");
        }
        requireRefused(
                archive(pickle.op("u").end(), new byte[4 * side * side]),
                "its tensors take more than 16 times the file");
    }

    @Test
    void tensorsThatShareAStorage_areRead() throws IOException {
        Pickle pickle = new Pickle().op("}(");
        for (String name : new String[] {"a", "tied"}) {
            pickle.text(name).op(REBUILD + "(").storage(4).op("K\u0000K\u0002K\u0002\u0086K\u0001K\u0002\u0086tR");
        }
        byte[] storage = HostTensor.of(new float[] {1, 2, 3, 4}, 4).data().array();
        Map<String, HostTensor> read =
                Weights.read(archive(pickle.op("u").end(), storage)).tensors();
        assertThat(read.get("tied").floats()).containsExactly(1, 3, 2, 4);
        assertThat(read.get("a").floats()).containsExactly(1, 3, 2, 4);
    }

    @Test
    void compressedArchive_isRefused() throws IOException {
        Path file = folder.resolve("compressed.pt");
        try (OutputStream out = Files.newOutputStream(file);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            byte[] pickle = new Pickle()
                    .op("}")
                    .text("w")
                    .op(REBUILD + "(")
                    .storage(16 << 20)
                    .op("K\u0000")
                    .number(16 << 20)
                    .op("\u0085K\u0001\u0085tRs")
                    .end();
            entry(zip, "data.pkl", pickle);
            zip.putNextEntry(new ZipEntry("archive/data/0"));
            zip.write(new byte[64 << 20]);
            zip.closeEntry();
        }
        requireRefused(file, "file = " + file);
    }

    /** Keys that are not strings must not be converted to text, because they may contain themselves many times over. */
    @Test
    void storageKeysThatAreNested_areRefused() throws IOException {
        Path file = folder.resolve("stream.pt");
        Pickle keys = new Pickle().op("]q\u0000]h\u0000ah\u0000a");
        for (int i = 0; i < 60; i++) {
            keys.op("q\u0001]h\u0001ah\u0001a");
        }
        try (OutputStream out = Files.newOutputStream(file)) {
            out.write(new Pickle()
                    .op("\u008a\n\u006c\u00fc\u009c\u0046\u00f9\u0020\u006a\u00a8\u0050\u0019")
                    .end());
            out.write(new Pickle().number(1001).end());
            out.write(new Pickle().op("}").end());
            out.write(new Pickle()
                    .op("}")
                    .text("w")
                    .op(REBUILD + "(")
                    .storage(1)
                    .op("K\u0000K\u0001\u0085K\u0001\u0085tRs")
                    .end());
            out.write(keys.op("\u0085q\u0002]h\u0001a").end());
            out.write(new byte[12]);
        }
        requireRefused(file, "file = " + file);
    }

    private Path sparse(String dtype, long elements, long bytes) throws IOException {
        String header =
                "{\"w\":{\"dtype\":\"" + dtype + "\",\"shape\":[" + elements + "],\"data_offsets\":[0," + bytes + "]}}";
        Path file = folder.resolve("sparse.safetensors");
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.writeLong(Long.reverseBytes(header.length()));
            out.write(header.getBytes(StandardCharsets.US_ASCII));
            out.setLength(8 + header.length() + bytes);
        }
        return file;
    }

    @Test
    void tensorThatIsTooLargeInMemory_isRefusedByName() throws IOException {
        for (String type : new String[] {"F16", "BF16"}) {
            requireRefused(
                    sparse(type, 950_000_000, 1_900_000_000),
                    "tensor w has 3800000000 bytes in memory, limit = 2147483639");
        }
        requireRefused(sparse("U8", 300_000_000, 300_000_000), "tensor w has 2400000000 bytes");
        requireRefused(sparse("BOOL", Long.MAX_VALUE / 2, 12), "tensor w has");
    }

    @Test
    void weightsThatAreNotFinite_areNotExported() throws IOException {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        tensors.put("good", HostTensor.of(new float[] {Float.MAX_VALUE, -Float.MAX_VALUE, Float.MIN_VALUE}, 3));
        tensors.put("bad", HostTensor.of(new float[] {1, Float.NEGATIVE_INFINITY}, 2));
        for (String name : new String[] {"x.pt", "x.safetensors"}) {
            assertThatThrownBy(() -> new Weights("file = y", tensors).write(folder.resolve(name)))
                    .isInstanceOf(LockstepException.class)
                    .hasMessageStartingWith("weights are not finite: tensor = bad, file = y");
        }
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void onlyExportedFiles_areReplaceable() throws IOException {
        Map<String, HostTensor> tensors = Map.of("w", HostTensor.ofLong(3));
        for (String name : new String[] {"ours.pt", "ours.safetensors"}) {
            Path file = folder.resolve(name);
            assertThat(Weights.isReplaceable(file)).isTrue();
            new Weights("", tensors).write(file);
            assertThat(Weights.isReplaceable(file)).isTrue();
        }
        Path checkpoint = new CheckpointDirectory(folder, 1, notice -> {})
                .write(new Checkpoint(1, 1, 0, "", "", java.util.List.of(), "", tensors));
        Path theirs = archive(new Pickle().op("N").end(), new byte[4]);
        Path photograph = Files.write(folder.resolve("photograph.pt"), new byte[] {(byte) 0xff, (byte) 0xd8, 1});
        Path link = Files.createSymbolicLink(folder.resolve("link.pt"), folder.resolve("nowhere"));
        for (Path other : new Path[] {checkpoint, theirs, photograph, link, folder}) {
            assertThat(Weights.isReplaceable(other)).as(other.toString()).isFalse();
        }
    }
}
