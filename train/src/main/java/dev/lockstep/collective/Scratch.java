package dev.lockstep.collective;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * The space where pieces arrive before they are added: slots of one piece each, shared by all exchanges since only one
 * runs at a time. A slot is made when it is first used.
 */
final class Scratch implements AutoCloseable {
    /** As many receives are in flight. */
    static final int SLOTS = 16;

    private final long pieceElements;
    private final Owned owned = new Owned();
    private final List<Tensor> slots = new ArrayList<>();

    Scratch(long pieceElements) {
        this.pieceElements = pieceElements;
    }

    Tensor slot(int index) {
        while (slots.size() <= index) {
            slots.add(owned.floats(pieceElements));
        }
        return slots.get(index);
    }

    @Override
    public void close() {
        owned.close();
    }
}
