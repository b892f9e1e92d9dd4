package dev.lockstep.torch;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.jspecify.annotations.Nullable;

/**
 * Frees every native object that its thread creates between opening and closing; the garbage collector does not see native
 * memory. One scope per worker and step. Objects that live longer are created outside or passed to {@link #keep}.
 */
public final class StepScope implements AutoCloseable {
    private final @Nullable PointerScope around = PointerScope.getInnerScope();
    private final PointerScope scope = new PointerScope();

    /** Lets an object outlive the scope; its owner closes it. */
    public static <P extends Pointer> P keep(P pointer) {
        return pointer.retainReference();
    }

    /** Hands an object to the scope around this one, or to the caller if there is none. */
    public <P extends Pointer> P give(P pointer) {
        if (around == null) {
            return keep(pointer);
        }
        around.attach(pointer);
        return pointer;
    }

    /** Frees an object of this scope before the others; native code may keep the memory that it refers to. */
    public void release(Pointer pointer) {
        scope.detach(pointer);
    }

    @Override
    public void close() {
        scope.close();
    }
}
