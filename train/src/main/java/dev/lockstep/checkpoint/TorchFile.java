package dev.lockstep.checkpoint;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.lockstep.checkpoint.PickleReader.Refused;
import dev.lockstep.checkpoint.PickleReader.Storage;
import dev.lockstep.checkpoint.PickleReader.View;
import dev.lockstep.errors.LockstepException;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * Reads state dicts from files written by {@code torch.save}: the zip archives of PyTorch 1.6 and later, and the older
 * stream format that many published weights still use. Pickles are read as pure data ({@link PickleReader}); no code in
 * the file runs.
 */
final class TorchFile {
    /** One byte in the file may become 8 in memory, and a few tensors may share a storage. */
    private static final int MOST_GROWTH = 16;

    private static final int[] ZIP = {'P', 'K', 3, 4};
    /** The number 0x1950a86a20f9469cfc6c, pickled with protocol 2. */
    private static final int[] STREAM = {0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};

    private TorchFile() {}

    /** Whether the file begins like one written by {@code torch.save}. */
    static boolean matches(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] start = in.readNBytes(STREAM.length);
            return startsWith(start, ZIP) || startsWith(start, STREAM);
        }
    }

    private static boolean startsWith(byte[] bytes, int[] prefix) {
        for (int i = 0; i < prefix.length; i++) {
            if (i >= bytes.length || (bytes[i] & 0xFF) != prefix[i]) {
                return false;
            }
        }
        return true;
    }

    /**
     * Reads the tensors of the state dict, in its order.
     *
     * @throws LockstepException of kind CHECKPOINT when the file is damaged or does not contain a state dict
     */
    static Map<String, HostTensor> read(Path file) throws IOException {
        byte[] start;
        try (InputStream in = Files.newInputStream(file)) {
            start = in.readNBytes(ZIP.length);
        }
        try {
            return startsWith(start, ZIP) ? readArchive(file) : readStream(file);
        } catch (Refused e) {
            throw LockstepException.checkpoint(
                    "cannot read weights from this file: " + e.getMessage(),
                    "file = " + file,
                    "save the state dict alone: torch.save(model.state_dict(), …)");
        } catch (ZipException | EOFException e) {
            throw damaged(file, "it is truncated or not a complete archive");
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw damaged(file, String.valueOf(e.getMessage()));
        }
    }

    private static LockstepException damaged(Path file, String why) {
        return LockstepException.checkpoint("damaged PyTorch file: " + why, "file = " + file, "use another copy");
    }

    /** Reads a storage's bytes. */
    private interface Storages {
        ByteBuffer read(Storage storage) throws IOException;
    }

    /** Limits memory: tensors may share a storage, so a small file can request many large ones. */
    private static void requireBounded(Map<String, View> views, long fileBytes) throws Refused {
        long most = Math.max(fileBytes, 1 << 10) * MOST_GROWTH;
        long all = 0;
        Map<String, Integer> stored = new HashMap<>();
        for (View view : views.values()) {
            stored.put(view.storage().key(), length(view.storage()));
            all = Math.addExact(all, view.storage().type().hostBytes(HostTensor.elements(view.shape())));
            if (all > most) {
                throw new Refused(
                        "its tensors take more than " + MOST_GROWTH + " times the file's " + fileBytes + " bytes");
            }
        }
        long storages = stored.values().stream().mapToLong(length -> length).sum();
        if (storages > fileBytes) {
            throw new Refused("its storages take " + storages + " bytes, but the file has only " + fileBytes);
        }
    }

    private static Map<String, HostTensor> tensors(Map<String, View> views, long fileBytes, Storages storages)
            throws IOException {
        requireBounded(views, fileBytes);
        Map<String, Integer> uses = new HashMap<>();
        views.values().forEach(view -> uses.merge(view.storage().key(), 1, Integer::sum));
        Map<String, ByteBuffer> shared = new HashMap<>();
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        for (Map.Entry<String, View> entry : views.entrySet()) {
            View view = entry.getValue();
            Storage storage = view.storage();
            ByteBuffer data = shared.get(storage.key());
            if (data == null) {
                data = storages.read(storage);
                if (uses.getOrDefault(storage.key(), 0) > 1) {
                    shared.put(storage.key(), data);
                }
            }
            tensors.put(entry.getKey(), storage.type().tensor(data, view.offset(), view.shape(), view.stride()));
        }
        return tensors;
    }

    private static int length(Storage storage) throws Refused {
        long length =
                Math.multiplyExact(storage.elements(), (long) storage.type().bytes());
        if (length < 0 || length > Integer.MAX_VALUE - 8) {
            throw new Refused("storage " + storage.key() + " has " + length + " bytes, limit = 2 GB");
        }
        return (int) length;
    }

    private static Map<String, HostTensor> readArchive(Path file) throws IOException {
        try (ZipFile zip = new ZipFile(file.toFile())) {
            String pickle = zip.stream()
                    .map(ZipEntry::getName)
                    .filter(name -> name.matches("[^/]+/data\\.pkl"))
                    .findFirst()
                    .orElseThrow(() -> new Refused("it is a zip archive without data.pkl"));
            String folder = pickle.substring(0, pickle.indexOf('/') + 1);
            ZipEntry byteOrder = zip.getEntry(folder + "byteorder");
            boolean big = byteOrder != null && new String(read(zip, byteOrder), US_ASCII).equals("big");
            ByteOrder order = big ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
            byte[] contents = read(zip, entry(zip, pickle));
            long fileBytes = Files.size(file);
            Map<String, View> views = SavedObject.stateDict(PickleReader.read(new ByteArrayInputStream(contents)));
            return tensors(views, fileBytes, storage -> {
                ZipEntry entry = entry(zip, folder + "data/" + storage.key());
                if (entry.getSize() != length(storage)) {
                    throw new IllegalArgumentException(entry + " has " + entry.getSize() + " bytes");
                }
                return ByteBuffer.wrap(read(zip, entry)).order(order);
            });
        }
    }

    private static ZipEntry entry(ZipFile zip, String name) throws IOException {
        ZipEntry entry = zip.getEntry(name);
        if (entry == null) {
            throw new ZipException(name + " is missing");
        }
        return entry;
    }

    /** Reads a whole entry and checks its checksum, which ZipFile does not do. */
    private static byte[] read(ZipFile zip, ZipEntry entry) throws IOException {
        try (InputStream in = zip.getInputStream(entry)) {
            long size = entry.getSize();
            if (entry.getMethod() != ZipEntry.STORED) {
                throw new IllegalArgumentException(entry + " is compressed, which torch.save does not do");
            }
            if (size < 0 || size > Integer.MAX_VALUE - 8) {
                throw new IllegalArgumentException(entry + " has " + size + " bytes");
            }
            byte[] bytes = in.readNBytes((int) size);
            CRC32 checksum = new CRC32();
            checksum.update(bytes);
            if (bytes.length < size || checksum.getValue() != entry.getCrc()) {
                throw new IllegalArgumentException(entry + " fails its checksum");
            }
            return bytes;
        }
    }

    /**
     * Reads the stream format: five pickles (magic number, version, system, contents, storage keys), then the storages
     * in the order of the keys.
     */
    private static Map<String, HostTensor> readStream(Path file) throws IOException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            PickleReader.read(in);
            PickleReader.read(in);
            boolean little = !(PickleReader.read(in) instanceof Map<?, ?> system)
                    || !Boolean.FALSE.equals(system.get("little_endian"));
            ByteOrder order = little ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
            Map<String, Storage> known = new HashMap<>();
            Map<String, View> views = SavedObject.stateDict(PickleReader.read(in, known));
            if (!(PickleReader.read(in) instanceof List<?> keys)) {
                throw new Refused("its list of storages is damaged");
            }
            Map<String, ByteBuffer> data = readStorages(in, keys, known, views, order);
            return tensors(views, Files.size(file), storage -> {
                ByteBuffer found = data.remove(storage.key());
                if (found == null) {
                    throw new EOFException();
                }
                return found;
            });
        }
    }

    private static Map<String, ByteBuffer> readStorages(
            InputStream in, List<?> keys, Map<String, Storage> known, Map<String, View> views, ByteOrder order)
            throws IOException {
        Set<String> wanted = new HashSet<>();
        views.values().forEach(view -> wanted.add(view.storage().key()));
        Map<String, ByteBuffer> data = new HashMap<>();
        for (Object key : keys) {
            // Do not convert other keys to text: they may contain themselves.
            Storage storage = key instanceof String name ? known.get(name) : null;
            long elements =
                    ByteBuffer.wrap(exactly(in, Long.BYTES)).order(order).getLong();
            if (storage == null || storage.elements() != elements) {
                throw new IllegalArgumentException("a storage of its list has " + elements + " elements");
            }
            int length = length(storage);
            if (wanted.contains(storage.key())) {
                data.put(storage.key(), ByteBuffer.wrap(exactly(in, length)).order(order));
            } else {
                in.skipNBytes(length);
            }
        }
        return data;
    }

    private static byte[] exactly(InputStream in, int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException();
        }
        return bytes;
    }
}
