package dev.lockstep.torch;

import org.bytedeco.javacpp.PointerScope;

/**
 * Frees every native object that its thread makes between opening and closing; the garbage collector does not see native
 * memory. One scope a worker and step. What shall live longer is made outside or by {@link #keep}.
 */
public final class StepScope implements AutoCloseable {
    private final PointerScope scope = new PointerScope();

    /** Lets an object outlive the scope; its owner closes it. */
    public static <P extends org.bytedeco.javacpp.Pointer> P keep(P pointer) {
        return pointer.retainReference();
    }

    @Override
    public void close() {
        scope.close();
    }
}
