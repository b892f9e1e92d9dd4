package dev.lockstep.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.text.Json;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The contents of a safetensors file: eight bytes with the length of a JSON header, the header, the tensors' bytes. The
 * format contains no code.
 *
 * <p>Files written by Lockstep have the metadata string {@code checksum}: the SHA-256 of the whole file, computed with
 * that string's own 64 digits set to zeros. Element types written by other tools are converted when read.
 *
 * @param metadata arbitrary strings; without the checksum when read from a file
 * @param tensors tensors by name, in header order
 */
public record Safetensors(SortedMap<String, String> metadata, Map<String, HostTensor> tensors) {
    /** The safetensors library rejects longer headers. */
    private static final int MOST_HEADER = 100_000_000;

    /** Reads headers up to {@link #MOST_HEADER}; Jackson's default limits are lower than what we write. */
    private static final ObjectMapper JSON = new ObjectMapper(JsonFactory.builder()
                    // Jackson's symbol table fails on names crafted to collide.
                    .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxStringLength(MOST_HEADER)
                            .maxNameLength(MOST_HEADER)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private static final String METADATA = "__metadata__";
    private static final String CHECKSUM = "checksum";
    private static final String BLANK = "0".repeat(64);
    /** Java copies data between a file and the heap through a temporary buffer; pieces keep that buffer small. */
    private static final int PIECE = 1 << 20;

    public Safetensors {
        metadata = Collections.unmodifiableSortedMap(new TreeMap<>(metadata));
        tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    }

    public Safetensors(Map<String, String> metadata, Map<String, HostTensor> tensors) {
        this(new TreeMap<>(metadata), tensors);
    }

    /** The position of a tensor's bytes, relative to the end of the header. */
    private record Place(String name, ElementType type, long[] shape, long from, long to) {
        static Comparator<Place> byOffset() {
            return Comparator.comparingLong(Place::from).thenComparingLong(Place::to);
        }
    }

    /** A tensor in the header. */
    private record Entry(String dtype, long[] shape, long[] dataOffsets) {}

    /** Writes the file's bytes, including the checksum. */
    public void write(WritableByteChannel out) throws IOException {
        Map<String, Long> offsets = new HashMap<>();
        List<HostTensor> inOrder = place(offsets);
        String header = header(offsets);
        MessageDigest digest = sha256();
        digest.update(prefix(header));
        inOrder.forEach(tensor -> digest.update(tensor.data().duplicate()));
        String stamped = header.replace(
                quoted(CHECKSUM, BLANK), quoted(CHECKSUM, HexFormat.of().formatHex(digest.digest())));
        writeFully(out, prefix(stamped));
        for (HostTensor tensor : inOrder) {
            writeFully(out, tensor.data().duplicate());
        }
    }

    /** Puts wide elements first, so that every tensor is aligned for readers that map the file. */
    private List<HostTensor> place(Map<String, Long> offsets) {
        List<Map.Entry<String, HostTensor>> entries = new ArrayList<>(tensors.entrySet());
        entries.sort(Comparator.comparingInt(entry -> -entry.getValue().type().bytes()));
        long offset = 0;
        for (Map.Entry<String, HostTensor> entry : entries) {
            offsets.put(entry.getKey(), offset);
            offset += entry.getValue().data().remaining();
        }
        return entries.stream().map(Map.Entry::getValue).toList();
    }

    private static void writeFully(WritableByteChannel out, ByteBuffer bytes) throws IOException {
        int end = bytes.limit();
        while (bytes.position() < end) {
            bytes.limit(Math.min(end, bytes.position() + PIECE));
            out.write(bytes);
        }
    }

    private String header(Map<String, Long> offsets) throws IOException {
        requireReadable(metadata.values().stream().mapToLong(String::length).sum());
        Map<String, String> strings = new LinkedHashMap<>(metadata);
        strings.put(CHECKSUM, BLANK);
        // A map, because the names of the tensors are the keys.
        Map<String, Object> header = new LinkedHashMap<>();
        header.put(METADATA, strings);
        tensors.forEach((name, tensor) -> {
            long from = offsets.getOrDefault(name, 0L);
            long[] range = {from, from + tensor.data().remaining()};
            header.put(name, new Entry(tensor.type().name(), tensor.shape(), range));
        });
        String text = Json.line(header);
        int length = text.getBytes(StandardCharsets.UTF_8).length;
        int padding = Math.floorMod(-length, 8);
        requireReadable((long) length + padding);
        return text + " ".repeat(padding);
    }

    private static void requireReadable(long header) throws IOException {
        if (header > MOST_HEADER) {
            throw new IOException("its header would have " + header + " bytes, limit = " + MOST_HEADER);
        }
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
     * Reads and checks a file in one pass.
     *
     * @throws LockstepException of kind CHECKPOINT when it is missing, truncated, malformed or fails its checksum
     */
    public static Safetensors read(Path file) {
        return read(file, false);
    }

    /** Reads a file's metadata from its header; nothing else is checked. */
    static SortedMap<String, String> readMetadata(Path file) {
        return open(file, Reader::metadata);
    }

    /** Whether a file was written by {@link #write} with the given metadata, judging by its header only. */
    static boolean wrote(Path file, Map<String, String> metadata) {
        SortedMap<String, String> found = readMetadata(file);
        return found.remove(CHECKSUM) != null && found.equals(metadata);
    }

    /** Reads a file written by Lockstep: one without a checksum is treated as damaged. */
    static Safetensors readOwn(Path file) {
        return read(file, true);
    }

    private static Safetensors read(Path file, boolean needsChecksum) {
        return open(file, reader -> reader.read(needsChecksum));
    }

    private interface Reading<T> {
        T from(Reader reader) throws IOException;
    }

    private static <T> T open(Path file, Reading<T> reading) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return reading.from(new Reader(file, channel));
        } catch (JsonProcessingException e) {
            String why = e.getOriginalMessage().lines().findFirst().orElse("").replaceAll("[^\\x20-\\x7e]", "?");
            throw damaged(file, "its header is not JSON: " + why);
        } catch (NoSuchFileException e) {
            throw LockstepException.checkpoint("no such file", "file = " + file, "check the path");
        } catch (OutOfMemoryError e) {
            throw tooLarge(file);
        } catch (IOException e) {
            throw new LockstepException(
                    LockstepException.Kind.CHECKPOINT,
                    "cannot read the file: " + e.getMessage(),
                    "file = " + file,
                    "check the path and its permissions",
                    e);
        }
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The error for a file, rather than the training, that needs more memory than available. */
    static LockstepException tooLarge(Path file) {
        return LockstepException.checkpoint(
                "file does not fit into the Java heap of "
                        + (Runtime.getRuntime().maxMemory() >> 20) + " MiB",
                "file = " + file,
                "use a larger heap, such as LOCKSTEP_JAVA_OPTIONS=-Xmx8g");
    }

    private static LockstepException damaged(Path file, String why) {
        return LockstepException.checkpoint("damaged safetensors file: " + why, "file = " + file, "use another copy");
    }

    private static final class Reader {
        private final Path file;
        private final FileChannel channel;
        private final MessageDigest digest = sha256();

        Reader(Path file, FileChannel channel) {
            this.file = file;
            this.channel = channel;
        }

        SortedMap<String, String> metadata() throws IOException {
            return metadata(root(header()));
        }

        private String header() throws IOException {
            int length = (int) headerLength(channel.size());
            return StandardCharsets.UTF_8.decode(next(length)).toString();
        }

        private JsonNode root(String header) throws JsonProcessingException {
            JsonNode root = JSON.readTree(header);
            if (root == null || !root.isObject()) {
                throw damaged("its header is not a JSON object");
            }
            return root;
        }

        private static SortedMap<String, String> metadata(JsonNode root) {
            SortedMap<String, String> metadata = new TreeMap<>();
            root.path(METADATA)
                    .properties()
                    .forEach(e -> metadata.put(e.getKey(), e.getValue().asText()));
            return metadata;
        }

        Safetensors read(boolean needsChecksum) throws IOException {
            String header = header();
            JsonNode root = root(header);
            SortedMap<String, String> metadata = metadata(root);
            String checksum = metadata.remove(CHECKSUM);
            if (needsChecksum && checksum == null) {
                throw damaged("it has no checksum");
            }
            if (checksum != null) {
                digest.update(prefix(header.replace(quoted(CHECKSUM, checksum), quoted(CHECKSUM, BLANK))));
            }
            Map<String, HostTensor> tensors = tensors(places(root), channel.size(), checksum != null);
            if (checksum != null && !HexFormat.of().formatHex(digest.digest()).equals(checksum)) {
                throw damaged("its checksum does not match its contents");
            }
            return new Safetensors(metadata, tensors);
        }

        private long headerLength(long size) throws IOException {
            if (size < Long.BYTES) {
                throw damaged("it has " + size + " bytes, but a header needs 8");
            }
            long length = next(Long.BYTES).getLong(0);
            if (length < 2 || length > Math.min(MOST_HEADER, size - Long.BYTES)) {
                throw damaged("header length = " + length + " does not fit in its " + size + " bytes");
            }
            return length;
        }

        private List<Place> places(JsonNode root) {
            List<Place> places = new ArrayList<>();
            for (Map.Entry<String, JsonNode> entry : root.properties()) {
                if (!entry.getKey().equals(METADATA)) {
                    places.add(place(entry.getKey(), entry.getValue()));
                }
            }
            return places;
        }

        private Place place(String name, JsonNode node) {
            String dtype = node.path("dtype").asText();
            ElementType type = ElementType.named(dtype)
                    .orElseThrow(
                            () -> damaged("tensor " + name + " has dtype = " + dtype + ", which is not supported"));
            long[] shape = longs(node.path("shape"), name);
            long[] offsets = longs(node.path("data_offsets"), name);
            if (offsets.length != 2 || offsets[1] - offsets[0] != length(type, shape, name)) {
                throw damaged("tensor " + name + " has shape = " + Arrays.toString(shape) + " at offsets = "
                        + Arrays.toString(offsets));
            }
            return new Place(name, type, shape, offsets[0], offsets[1]);
        }

        private long length(ElementType type, long[] shape, String name) {
            try {
                long elements = HostTensor.elements(shape);
                long read = type.hostBytes(elements);
                if (read > HostTensor.MOST_BYTES) {
                    throw damaged(
                            "tensor " + name + " has " + read + " bytes in memory, limit = " + HostTensor.MOST_BYTES);
                }
                return elements * type.bytes();
            } catch (ArithmeticException e) {
                throw damaged("tensor " + name + " has shape = " + Arrays.toString(shape));
            }
        }

        private long[] longs(JsonNode node, String name) {
            if (node.size() > HostTensor.MOST_DIMENSIONS) {
                throw damaged("a tensor has " + node.size() + " dimensions, limit = " + HostTensor.MOST_DIMENSIONS);
            }
            long[] values = new long[node.size()];
            for (int i = 0; i < values.length; i++) {
                JsonNode element = node.path(i);
                if (!element.isIntegralNumber() || !element.canConvertToLong() || element.asLong() < 0) {
                    throw malformed(name);
                }
                values[i] = element.asLong();
            }
            if (!node.isArray()) {
                throw malformed(name);
            }
            return values;
        }

        private LockstepException malformed(String name) {
            return damaged("tensor " + name + " has a malformed shape or offset");
        }

        /** Reads the tensors in the order of their bytes, which must be contiguous up to the end of the file. */
        private Map<String, HostTensor> tensors(List<Place> places, long size, boolean verified) throws IOException {
            Map<String, HostTensor> tensors = new LinkedHashMap<>();
            long start = channel.position();
            for (Place place : places.stream().sorted(Place.byOffset()).toList()) {
                if (place.to > size - start || start + place.from != channel.position()) {
                    throw damaged("tensor " + place.name + " does not fit in the file (truncated?)");
                }
                tensors.put(place.name, tensor(place, verified));
            }
            if (channel.position() != size) {
                throw damaged("it has " + (size - channel.position()) + " surplus bytes at its end");
            }
            Map<String, HostTensor> inOrder = new LinkedHashMap<>();
            places.forEach(place -> inOrder.put(place.name, tensors.get(place.name)));
            return inOrder;
        }

        private HostTensor tensor(Place place, boolean verified) throws IOException {
            long length = place.to - place.from;
            ByteBuffer data = next(Math.toIntExact(length));
            if (verified) {
                digest.update(data.duplicate());
            }
            return place.type.tensor(data, place.shape);
        }

        private ByteBuffer next(int length) throws IOException {
            ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
            while (bytes.position() < length) {
                bytes.limit(Math.min(length, bytes.position() + PIECE));
                if (channel.read(bytes) < 0) {
                    throw damaged("it ends early");
                }
            }
            return bytes.flip();
        }

        private LockstepException damaged(String why) {
            return Safetensors.damaged(file, why);
        }
    }
}
