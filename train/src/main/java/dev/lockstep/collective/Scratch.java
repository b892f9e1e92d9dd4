package dev.lockstep.collective;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The space where pieces arrive before they are added: a ring of slots of one piece each, shared by all exchanges
 * since only one runs at a time. As many receives are in flight as there are slots.
 */
final class Scratch implements AutoCloseable {
    static final int SLOTS = 16;

    private final long pieceElements;
    private final Owned owned = new Owned();
    private final @Nullable Tensor[] slots = new Tensor[SLOTS];

    Scratch(long pieceElements) {
        this.pieceElements = pieceElements;
    }

    Tensor slot(int index) {
        int which = index % SLOTS;
        Tensor slot = slots[which];
        if (slot == null) {
            slot = owned.floats(pieceElements);
            slots[which] = slot;
        }
        return slot;
    }

    @Override
    public void close() {
        owned.close();
    }
}
