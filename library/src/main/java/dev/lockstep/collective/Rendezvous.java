package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.supervise.FailureReport;
import dev.lockstep.torch.TorchRuntime;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.ByteVector;
import org.bytedeco.pytorch.GlooDeviceVector;
import org.bytedeco.pytorch.PrefixStore;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.StringVector;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;

/**
 * How processes find each other: rank 0 keeps a small key-value store, every process leaves its name there and waits for
 * the names of all others; then each connects to each.
 */
final class Rendezvous {
    private static final String JOINED = "joined/";
    /** How often torchrun has started the group again. */
    private static final String RESTARTS = "TORCHELASTIC_RESTART_COUNT";

    /**
     * Stores that were given to another object. It frees its store when it is freed; the Java object must neither free it
     * again nor be collected, which would.
     */
    private static final List<Store> GIVEN_AWAY = Collections.synchronizedList(new ArrayList<>());

    private final GroupEnvironment place;
    private final Map<String, String> environment;
    private final Watch watch;
    private final Duration joinTimeout;
    private final Duration callTimeout;
    private final List<Pointer> kept = new ArrayList<>();

    /**
     * @param joinTimeout how long to wait for processes that have not come, or that do not connect to each other
     * @param callTimeout how long one message may take
     */
    Rendezvous(
            GroupEnvironment place,
            Map<String, String> environment,
            Watch watch,
            Duration joinTimeout,
            Duration callTimeout) {
        this.place = place;
        this.environment = environment;
        this.watch = watch;
        this.joinTimeout = joinTimeout;
        this.callTimeout = callTimeout;
    }

    /** Blocks until all P processes are connected. */
    GlooGroup join() {
        TorchRuntime.load();
        LocalAddress.resolve(place.masterAddress());
        Store store = ofThisLife(openStore());
        watch.begin(new StoreBoard(store));
        try {
            awaitEveryone(store);
            return new GlooGroup(place.rank(), place.size(), connect(store), kept, watch);
        } catch (RuntimeException | Error e) {
            // Those that wait hear why, and not that this process has vanished.
            watch.failed(FailureReport.words(e));
            throw e;
        }
    }

    private TCPStore openStore() {
        if (place.rank() == 0) {
            TCPStore store = store(place.masterPort());
            watch.publishPort(store.getPort() & 0xffff);
            return store;
        }
        return store(place.masterPort() != 0 ? place.masterPort() : watch.awaitPort(joinTimeout));
    }

    /** torchrun's own store outlives a group that it starts again: none may find what the one before has left there. */
    private Store ofThisLife(TCPStore store) {
        GIVEN_AWAY.add(store);
        return new PrefixStore("lockstep/" + environment.getOrDefault(RESTARTS, "0") + "/", store);
    }

    private TCPStore store(int port) {
        TCPStoreOptions options = keep(new TCPStoreOptions());
        options.port((short) port);
        options.isServer(place.rank() == 0);
        options.waitWorkers(false);
        options.timeout(milliseconds(joinTimeout));
        try {
            return new TCPStore(place.masterAddress(), options);
        } catch (RuntimeException e) {
            throw storeFailure(e, port);
        }
    }

    private LockstepException storeFailure(RuntimeException failure, int port) {
        String where = GroupEnvironment.MASTER_ADDR + " = " + place.masterAddress() + ", "
                + GroupEnvironment.MASTER_PORT + " = " + port;
        if (place.rank() != 0) {
            return CommunicationFailure.of(failure, "rank 0", where);
        }
        if (CommunicationFailure.isPortTaken(failure)) {
            return LockstepException.recipe(
                    GroupEnvironment.MASTER_PORT + " = " + port + " is taken",
                    "rank 0 cannot listen there",
                    "choose another port for all processes");
        }
        return LockstepException.recipe(
                "rank 0 cannot listen: " + CommunicationFailure.line(failure),
                where,
                "give an address of this machine and a free port");
    }

    /** The store as a board. */
    private record StoreBoard(Store store) implements Watch.Board {
        @Override
        public void put(String key, String value) {
            try (ByteVector bytes = new ByteVector(value.getBytes(StandardCharsets.UTF_8))) {
                store.set(key, bytes);
            }
        }

        @Override
        public String get(String key) {
            try (ByteVector bytes = store.get(key)) {
                return new String(bytes.get(), StandardCharsets.UTF_8);
            } catch (RuntimeException e) {
                throw CommunicationFailure.of(e, "rank 0", "while the group came together");
            }
        }
    }

    private void awaitEveryone(Store store) {
        try (StringVector keys = new StringVector()) {
            for (int rank = 0; rank < place.size(); rank++) {
                keys.push_back(JOINED + rank);
            }
            new StoreBoard(store).put(JOINED + place.rank(), "here");
            store._wait(keys, milliseconds(joinTimeout));
        } catch (RuntimeException e) {
            throw absent(store, e);
        }
    }

    private LockstepException absent(Store store, RuntimeException failure) {
        if (!CommunicationFailure.isTimeout(failure)) {
            return CommunicationFailure.of(failure, "rank 0", "while the group came together");
        }
        List<String> missing = new ArrayList<>();
        for (int rank = 0; rank < place.size(); rank++) {
            try (StringVector key = new StringVector(JOINED + rank)) {
                if (!store.check(key)) {
                    missing.add(Integer.toString(rank));
                }
            }
        }
        return new LockstepException(
                LockstepException.Kind.WORKER,
                missing.size() + " of " + place.size() + " processes did not come within " + joinTimeout.toSeconds()
                        + " s",
                "missing rank = " + String.join(", ", missing),
                "see their logs, and check that " + GroupEnvironment.MASTER_ADDR + " = " + place.masterAddress()
                        + " is reachable from their machines",
                failure);
    }

    private ProcessGroupGloo connect(Store store) {
        ProcessGroupGloo.Options options = keep(ProcessGroupGloo.Options.create(milliseconds(joinTimeout)));
        try {
            options.devices(keep(new GlooDeviceVector(keep(LocalAddress.device(place, environment)))));
            GIVEN_AWAY.add(store);
            ProcessGroupGloo gloo = new ProcessGroupGloo(store, place.rank(), place.size(), options);
            // Nobody leaves before everybody has connected: the store goes with rank 0.
            gloo.barrier()._wait();
            gloo.setTimeout(milliseconds(callTimeout));
            return gloo;
        } catch (LockstepException e) {
            throw e;
        } catch (RuntimeException e) {
            throw CommunicationFailure.of(
                    e,
                    "another process",
                    "while the processes connected to each other (" + LocalAddress.INTERFACE
                            + " names the network interface)");
        }
    }

    private static Milliseconds milliseconds(Duration duration) {
        return new Milliseconds(duration.toMillis());
    }

    private <P extends Pointer> P keep(P pointer) {
        kept.add(pointer.retainReference());
        return pointer;
    }
}
