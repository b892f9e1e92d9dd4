package dev.lockstep.onednn;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;

/** One allocation for all blocks of a program: the largest are placed first, each as low as it fits. */
final class Arena implements AutoCloseable {
    private static final long ALIGNMENT = 4096;
    private static final long LINE = 64;

    private final BytePointer memory;
    private final long size;

    Arena(List<Block> blocks) {
        List<Block> wanted = blocks.stream()
                .filter(block -> block.bytes > 0 && block.isUsed())
                .sorted(Comparator.comparingLong((Block block) -> block.bytes).reversed())
                .toList();
        List<Block> placed = new ArrayList<>();
        long end = 0;
        for (Block block : wanted) {
            block.address = lowest(block, placed);
            placed.add(block);
            placed.sort(Comparator.comparingLong(it -> it.address));
            end = Math.max(end, block.address + block.bytes);
        }
        size = end;
        memory = new BytePointer(end + ALIGNMENT).retainReference();
        long start = (memory.address() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        placed.forEach(block -> block.address += start);
    }

    /** @param placed by address */
    private static long lowest(Block block, List<Block> placed) {
        long at = 0;
        for (Block other : placed) {
            if (other.meets(block) && at + block.bytes > other.address) {
                at = Math.max(at, (other.address + other.bytes + LINE - 1) / LINE * LINE);
            }
        }
        return at;
    }

    long bytes() {
        return size;
    }

    @Override
    public void close() {
        memory.close();
    }
}
