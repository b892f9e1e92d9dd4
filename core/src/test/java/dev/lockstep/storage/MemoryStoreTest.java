package dev.lockstep.storage;

/** The store that other tests rely on behaves like a real one. */
final class MemoryStoreTest extends ObjectStoreContract {
    @Override
    protected ObjectStore store() {
        return MemoryStore.named("contract");
    }
}
