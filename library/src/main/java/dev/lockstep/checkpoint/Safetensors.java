package dev.lockstep.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The contents of a safetensors file: eight bytes with the length of a JSON header, the header, the tensors' bytes. Nothing
 * in it executes.
 *
 * <p>Files that we write carry the metadata string {@code checksum}: the SHA-256 of the whole file with that string's own
 * 64 digits taken as zeros. Files without one are read too.
 *
 * @param metadata free strings
 * @param tensors by name
 */
public record Safetensors(SortedMap<String, String> metadata, SortedMap<String, HostTensor> tensors) {
    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(
                    DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY,
                    DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    private static final String METADATA = "__metadata__";
    private static final String CHECKSUM = "checksum";
    private static final String BLANK = "0".repeat(64);
    private static final int MAX_HEADER = 100 << 20;

    public Safetensors(Map<String, String> metadata, Map<String, HostTensor> tensors) {
        this(new TreeMap<>(metadata), new TreeMap<>(tensors));
    }

    /** Writes the file's bytes, checksum included. */
    public void write(WritableByteChannel out) throws IOException {
        String header = header();
        MessageDigest digest = sha256();
        digest.update(prefix(header));
        tensors.values().forEach(tensor -> digest.update(tensor.data().duplicate()));
        String stamped = header.replace(
                quoted(CHECKSUM, BLANK), quoted(CHECKSUM, HexFormat.of().formatHex(digest.digest())));
        writeFully(out, prefix(stamped));
        for (HostTensor tensor : tensors.values()) {
            writeFully(out, tensor.data().duplicate());
        }
    }

    private static void writeFully(WritableByteChannel out, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }

    private String header() {
        ObjectNode header = JSON.createObjectNode();
        ObjectNode strings = header.putObject(METADATA);
        metadata.forEach(strings::put);
        strings.put(CHECKSUM, BLANK);
        long offset = 0;
        for (Map.Entry<String, HostTensor> entry : tensors.entrySet()) {
            HostTensor tensor = entry.getValue();
            ObjectNode node = header.putObject(entry.getKey());
            node.put("dtype", tensor.type().name());
            Arrays.stream(tensor.shape()).forEach(node.putArray("shape")::add);
            long end = offset + tensor.data().remaining();
            node.putArray("data_offsets").add(offset).add(end);
            offset = end;
        }
        String text = header.toString();
        int padding = Math.floorMod(-text.getBytes(StandardCharsets.UTF_8).length, 8);
        return text + " ".repeat(padding);
    }

    private static String quoted(String key, String value) {
        return "\"" + key + "\":\"" + value + "\"";
    }

    private static ByteBuffer prefix(String header) {
        byte[] bytes = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer prefix = ByteBuffer.allocate(Long.BYTES + bytes.length).order(ByteOrder.LITTLE_ENDIAN);
        prefix.putLong(bytes.length).put(bytes);
        return prefix.flip();
    }

    /**
     * Reads and checks a file.
     *
     * @throws LockstepException of kind CHECKPOINT when it is missing, truncated, malformed or fails its checksum
     */
    public static Safetensors read(Path file) {
        return read(file, false);
    }

    /** The same, and a file without a checksum is damaged: of the files that we write every one has it. */
    static Safetensors readOwn(Path file) {
        return read(file, true);
    }

    private static Safetensors read(Path file, boolean needsChecksum) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            long headerLength = headerLength(channel, size, file);
            byte[] header = readFully(channel, 8, (int) headerLength, file).array();
            JsonNode root = JSON.readTree(header);
            if (root == null || !root.isObject()) {
                throw damaged(file, "its header is not a JSON object");
            }
            SortedMap<String, String> metadata = new TreeMap<>();
            root.path(METADATA)
                    .properties()
                    .forEach(e -> metadata.put(e.getKey(), e.getValue().asText()));
            SortedMap<String, HostTensor> tensors = readTensors(channel, root, 8 + headerLength, size, file);
            String checksum = metadata.remove(CHECKSUM);
            if (checksum == null && needsChecksum) {
                throw damaged(file, "it has no checksum");
            }
            if (checksum != null) {
                verify(file, channel, new String(header, StandardCharsets.UTF_8), checksum, size);
            }
            return new Safetensors(metadata, tensors);
        } catch (JsonProcessingException e) {
            throw damaged(file, "its header is not JSON");
        } catch (java.nio.file.NoSuchFileException e) {
            throw LockstepException.checkpoint("no such file", "file = " + file, "check the path");
        } catch (IOException e) {
            throw new LockstepException(
                    LockstepException.Kind.CHECKPOINT,
                    "cannot be read: " + e.getMessage(),
                    "file = " + file,
                    "check the path and its permissions",
                    e);
        }
    }

    private static long headerLength(FileChannel channel, long size, Path file) throws IOException {
        if (size < 8) {
            throw damaged(file, "it has " + size + " bytes, a header needs 8");
        }
        long length =
                readFully(channel, 0, 8, file).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        if (length < 2 || length > Math.min(MAX_HEADER, size - 8)) {
            throw damaged(file, "header length = " + length + " does not fit in its " + size + " bytes");
        }
        return length;
    }

    /** A tensor's entry in the header; offsets are into the bytes after the header. */
    private record Entry(String name, HostTensor.Type type, long[] shape, long from, long to) {}

    private static SortedMap<String, HostTensor> readTensors(
            FileChannel channel, JsonNode root, long dataStart, long size, Path file) throws IOException {
        SortedMap<String, HostTensor> tensors = new TreeMap<>();
        for (Entry entry : entries(root, size - dataStart, file)) {
            ByteBuffer data = readFully(channel, dataStart + entry.from, (int) (entry.to - entry.from), file);
            tensors.put(entry.name, new HostTensor(entry.type, entry.shape, data.order(ByteOrder.LITTLE_ENDIAN)));
        }
        return tensors;
    }

    /** In the order of their offsets. The tensors fill the file without gaps, and no two of them share bytes. */
    private static List<Entry> entries(JsonNode root, long bytes, Path file) {
        List<Entry> entries = new ArrayList<>();
        for (Map.Entry<String, JsonNode> field : root.properties()) {
            if (!field.getKey().equals(METADATA)) {
                entries.add(entry(field, file));
            }
        }
        entries.sort(Comparator.comparingLong(Entry::from).thenComparingLong(Entry::to));
        long end = 0;
        for (Entry entry : entries) {
            if (entry.from != end || entry.to > bytes) {
                throw damaged(file, "tensor " + entry.name + " does not fit in the file (truncated?)");
            }
            end = entry.to;
        }
        if (end != bytes) {
            throw damaged(file, "it has " + (bytes - end) + " bytes too many");
        }
        return entries;
    }

    private static Entry entry(Map.Entry<String, JsonNode> field, Path file) {
        String name = field.getKey();
        HostTensor.Type type = type(field, file);
        long[] shape = longs(field.getValue().path("shape"), name, file);
        long[] offsets = longs(field.getValue().path("data_offsets"), name, file);
        long length = length(type, shape, name, file);
        if (offsets.length != 2 || offsets[1] - offsets[0] != length || length > Integer.MAX_VALUE - 8) {
            throw damaged(
                    file,
                    "tensor " + name + " has shape = " + Arrays.toString(shape) + " at offsets = "
                            + Arrays.toString(offsets));
        }
        return new Entry(name, type, shape, offsets[0], offsets[1]);
    }

    private static HostTensor.Type type(Map.Entry<String, JsonNode> entry, Path file) {
        String name = entry.getValue().path("dtype").asText();
        for (HostTensor.Type type : HostTensor.Type.values()) {
            if (type.name().equals(name)) {
                return type;
            }
        }
        throw damaged(file, "tensor " + entry.getKey() + " has dtype = " + name + ", only F32 and I64 are read");
    }

    private static long length(HostTensor.Type type, long[] shape, String name, Path file) {
        try {
            return Math.multiplyExact(HostTensor.elements(shape), type.bytes());
        } catch (ArithmeticException e) {
            throw damaged(file, "tensor " + name + " has shape = " + Arrays.toString(shape));
        }
    }

    private static long[] longs(JsonNode node, String name, Path file) {
        boolean good = node.isArray();
        long[] values = new long[node.size()];
        for (int i = 0; good && i < values.length; i++) {
            JsonNode element = node.get(i);
            good = element.isIntegralNumber() && element.canConvertToLong() && element.asLong() >= 0;
            values[i] = element.asLong();
        }
        if (!good) {
            throw damaged(file, "tensor " + name + " has a malformed shape or offset");
        }
        return values;
    }

    private static void verify(Path file, FileChannel channel, String header, String checksum, long size)
            throws IOException {
        MessageDigest digest = sha256();
        String blanked = header.replace(quoted(CHECKSUM, checksum), quoted(CHECKSUM, BLANK));
        ByteBuffer prefix = prefix(blanked);
        digest.update(prefix.duplicate());
        ByteBuffer chunk = ByteBuffer.allocate((int) Math.min(1 << 20, size));
        for (long at = prefix.remaining(); at < size; ) {
            chunk.clear();
            int read = channel.read(chunk, at);
            if (read < 0) {
                throw damaged(file, "it ends early");
            }
            digest.update(chunk.flip());
            at += read;
        }
        if (!HexFormat.of().formatHex(digest.digest()).equals(checksum)) {
            throw damaged(file, "its checksum does not match its contents");
        }
    }

    private static ByteBuffer readFully(FileChannel channel, long position, int length, Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, position + bytes.position()) < 0) {
                throw damaged(file, "it ends early");
            }
        }
        return bytes.flip();
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static LockstepException damaged(Path file, String why) {
        return LockstepException.checkpoint("damaged safetensors file: " + why, "file = " + file, "use another copy");
    }
}
