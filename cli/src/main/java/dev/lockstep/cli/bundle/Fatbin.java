package dev.lockstep.cli.bundle;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The machine code for GPUs in a library: containers in the ELF section {@code .nv_fatbin}, each with entries for one
 * architecture. Leaving entries out keeps the length of the file; what is freed is zeros, which compress to nothing.
 */
public final class Fatbin {
    private static final int ELF = 0x464c457f;
    private static final int CLASS_64_LITTLE = 0x0102;
    private static final int MAGIC = 0xBA55ED50;
    private static final int CONTAINER_HEADER = 16;
    private static final int ENTRY_HEADER = 0x20;
    private static final int ARCHITECTURE = 0x1c;

    private Fatbin() {}

    /**
     * What was found and kept.
     *
     * @param architectures of all entries, such as 90 for sm_90
     * @param kept bytes of the entries that are left
     * @param removed bytes of the others
     */
    public record Trimmed(Set<Integer> architectures, long kept, long removed) {}

    /** The architectures for which a library has code, such as 90 for sm_90. */
    public static Set<Integer> architectures(Path library) throws IOException {
        return walk(library, Set.of(), false).architectures;
    }

    /**
     * Leaves out the code of all other architectures.
     *
     * @throws LockstepException of kind RECIPE when the library has no code for one of them
     */
    public static Trimmed keep(Path library, Set<Integer> architectures) throws IOException {
        Set<Integer> all = architectures(library);
        if (!all.containsAll(architectures)) {
            throw LockstepException.recipe(
                    "no code for this GPU architecture in " + library.getFileName(),
                    "--gpu-arch = " + names(architectures),
                    "choose among " + names(all));
        }
        return walk(library, architectures, true);
    }

    private static String names(Set<Integer> architectures) {
        return String.join(
                ", ",
                new TreeSet<>(architectures).stream().map(each -> "sm_" + each).toList());
    }

    private static Trimmed walk(Path library, Set<Integer> keep, boolean write) throws IOException {
        try (FileChannel file = write
                ? FileChannel.open(library, StandardOpenOption.READ, StandardOpenOption.WRITE)
                : FileChannel.open(library, StandardOpenOption.READ)) {
            MappedByteBuffer data =
                    file.map(write ? FileChannel.MapMode.READ_WRITE : FileChannel.MapMode.READ_ONLY, 0, file.size());
            data.order(ByteOrder.LITTLE_ENDIAN);
            Trimmed trimmed = walk(data, keep, write);
            if (write) {
                data.force();
            }
            return trimmed;
        }
    }

    static Trimmed walk(ByteBuffer data, Set<Integer> keep, boolean write) throws IOException {
        Section section = section(data).orElseThrow(() -> new IOException("no machine code for GPUs in it"));
        Set<Integer> architectures = new TreeSet<>();
        long kept = 0;
        long removed = 0;
        int at = section.offset;
        int end = at + section.size;
        while (at + CONTAINER_HEADER <= end) {
            if (data.getInt(at) != MAGIC) {
                at += Long.BYTES;
                continue;
            }
            int body = at + Short.toUnsignedInt(data.getShort(at + 6));
            long length = data.getLong(at + 8);
            if (body > end || length < 0 || length > end - body) {
                throw new IOException("its machine code for GPUs has a form that is not known");
            }
            int stop = body + (int) length;
            int target = body;
            for (int entry = body; entry < stop; ) {
                long size = entrySize(data, entry, stop);
                int architecture = data.getInt(entry + ARCHITECTURE);
                architectures.add(architecture);
                if (keep.contains(architecture)) {
                    if (write && target != entry) {
                        move(data, entry, target, (int) size);
                    }
                    target += (int) size;
                    kept += size;
                } else {
                    removed += size;
                }
                entry += (int) size;
            }
            // A container without entries would not be valid, so one that has none of these stays as it is.
            if (write && target > body) {
                clear(data, target, stop);
                data.putLong(at + 8, target - body);
            }
            at = stop;
        }
        return new Trimmed(architectures, kept, removed);
    }

    private static long entrySize(ByteBuffer data, int entry, int stop) throws IOException {
        long size = stop - entry < ENTRY_HEADER
                ? -1
                : Integer.toUnsignedLong(data.getInt(entry + 4)) + data.getLong(entry + 8);
        if (size < ENTRY_HEADER || size > stop - entry) {
            throw new IOException("its machine code for GPUs has a form that is not known");
        }
        return size;
    }

    private static void move(ByteBuffer data, int from, int to, int size) {
        byte[] bytes = new byte[size];
        data.get(from, bytes);
        data.put(to, bytes);
    }

    private static void clear(ByteBuffer data, int from, int to) {
        data.put(from, new byte[to - from]);
    }

    private record Section(int offset, int size) {}

    /** From the section headers of a 64-bit little-endian ELF file. */
    private static Optional<Section> section(ByteBuffer data) throws IOException {
        if (data.limit() < 64 || data.getInt(0) != ELF || data.getShort(4) != CLASS_64_LITTLE) {
            throw new IOException("it is not a 64-bit library for Linux");
        }
        long table = data.getLong(0x28);
        int entry = Short.toUnsignedInt(data.getShort(0x3a));
        int count = Short.toUnsignedInt(data.getShort(0x3c));
        int names = Short.toUnsignedInt(data.getShort(0x3e));
        if (table < 0 || names >= count || table + (long) entry * count > data.limit()) {
            throw new IOException("its table of sections is damaged");
        }
        long texts = data.getLong((int) table + names * entry + 0x18);
        for (int i = 0; i < count; i++) {
            int header = (int) table + i * entry;
            long name = texts + Integer.toUnsignedLong(data.getInt(header));
            if (nameIs(data, name, ".nv_fatbin")) {
                long offset = data.getLong(header + 0x18);
                long size = data.getLong(header + 0x20);
                if (offset < 0 || size < 0 || offset > data.limit() || size > data.limit() - offset) {
                    throw new IOException("its table of sections is damaged");
                }
                return Optional.of(new Section((int) offset, (int) size));
            }
        }
        return Optional.empty();
    }

    private static boolean nameIs(ByteBuffer data, long at, String name) {
        byte[] wanted = (name + "\0").getBytes(StandardCharsets.US_ASCII);
        if (at < 0 || at + wanted.length > data.limit()) {
            return false;
        }
        for (int i = 0; i < wanted.length; i++) {
            if (data.get((int) at + i) != wanted[i]) {
                return false;
            }
        }
        return true;
    }
}
