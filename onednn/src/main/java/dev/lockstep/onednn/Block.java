package dev.lockstep.onednn;

/**
 * A piece of memory of a program: either at a fixed address, or in the arena, where pieces share memory if they are not
 * needed at the same time.
 */
final class Block {
    private static final int NEVER = -1;

    final long bytes;
    /** Zero until {@link Arena} has placed it. */
    long address;
    /** Whether it is needed at any time. */
    private boolean pinned;

    int first = Integer.MAX_VALUE;
    int last = NEVER;

    private Block(long bytes, long address) {
        this.bytes = bytes;
        this.address = address;
    }

    /** In the arena, for as long as commands use it. */
    static Block shared(long bytes) {
        return new Block(bytes, 0);
    }

    /** In the arena, always. */
    static Block pinned(long bytes) {
        Block block = new Block(bytes, 0);
        block.pinned = true;
        return block;
    }

    /** Memory of someone else; an address of 0 is given later, see {@link Program#place}. */
    static Block at(long address) {
        return new Block(0, address);
    }

    void use(int command) {
        first = Math.min(first, command);
        last = Math.max(last, command);
    }

    boolean isUsed() {
        return pinned || last != NEVER;
    }

    boolean meets(Block other) {
        return pinned || other.pinned || first <= other.last && other.first <= last;
    }
}
