package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.launch.GroupEnvironment;
import dev.lockstep.supervise.Place;
import dev.lockstep.supervise.SupervisorAddress;
import dev.lockstep.torch.TorchRuntime;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.ByteVector;
import org.bytedeco.pytorch.StringVector;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;
import org.jspecify.annotations.Nullable;

/**
 * The store that torchrun's agent keeps at MASTER_ADDR and MASTER_PORT, so rank 0 cannot listen there: it uses its own port
 * and stores its address in it. The store authenticates nobody; it only supplies the address to connect to, and
 * the connection proves the group's secret.
 *
 * <p>The store outlives a group that torchrun restarts. An address left by the previous group leads nowhere, or to
 * a dying process, and is read again until that of this group appears.
 */
final class AgentStore implements AutoCloseable {
    private static final String VARIABLE = "TORCHELASTIC_USE_AGENT_STORE";
    private static final String KEY = "lockstep/supervisor";
    private static final Pattern FORM = Pattern.compile("[^\\s]{1,255} [0-9]{1,5}");
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final int PROBE_MILLIS = 10_000;

    private final GroupEnvironment place;
    private @Nullable TCPStore store;

    AgentStore(GroupEnvironment place) {
        this.place = place;
    }

    static boolean isUsed(Map<String, String> environment) {
        return environment.getOrDefault(VARIABLE, "").equalsIgnoreCase("true");
    }

    /** Stores the address of rank 0's supervisor. */
    void write(Optional<InetAddress> named, int port) {
        InetAddress own = named.orElseGet(() -> LocalAddress.route(LocalAddress.resolve(place.masterAddress())));
        String host = own.isLoopbackAddress() ? Place.SAME : own.getHostAddress();
        TCPStore open = store();
        try (ByteVector bytes = new ByteVector((host + " " + port).getBytes(StandardCharsets.UTF_8))) {
            open.set(KEY, bytes);
        } catch (RuntimeException e) {
            throw CommunicationFailure.of(e, "torchrun's agent", "while storing the address of rank 0");
        }
    }

    /** The address of rank 0's supervisor; if there is none yet, an address at which nobody listens. */
    SupervisorAddress read() {
        TCPStore open = store();
        try (StringVector key = new StringVector(KEY)) {
            if (!open.check(key)) {
                return new SupervisorAddress(place.masterAddress(), 0);
            }
            try (ByteVector bytes = open.get(KEY)) {
                return parse(new String(bytes.get(), StandardCharsets.UTF_8));
            }
        } catch (RuntimeException e) {
            throw CommunicationFailure.of(e, "torchrun's agent", "while requesting the address of rank 0");
        }
    }

    private SupervisorAddress parse(String text) {
        String[] words = FORM.matcher(text).matches() ? text.split(" ") : new String[] {Place.SAME, "0"};
        String host = words[0].equals(Place.SAME) ? place.masterAddress() : words[0];
        return new SupervisorAddress(host, Math.min(Integer.parseInt(words[1]), 65_535));
    }

    /** Call it before any native object is made: it decides from where the native libraries are loaded. */
    private TCPStore store() {
        TCPStore open = store;
        if (open == null) {
            requireReachable();
            TorchRuntime.load();
            try (TCPStoreOptions options = new TCPStoreOptions()) {
                options.port((short) place.masterPort());
                options.isServer(false);
                options.waitWorkers(false);
                options.timeout(new Milliseconds(TIMEOUT.toMillis()));
                open = new TCPStore(place.masterAddress(), options);
            } catch (RuntimeException e) {
                throw CommunicationFailure.of(e, "torchrun's agent", "while connecting to its store");
            }
            store = open;
        }
        return open;
    }

    /** c10d would wait for a minute and say nothing. */
    private void requireReachable() {
        try (Socket probe = new Socket()) {
            InetAddress address = LocalAddress.resolve(place.masterAddress());
            probe.connect(new InetSocketAddress(address, place.masterPort()), PROBE_MILLIS);
        } catch (IOException e) {
            throw LockstepException.worker(
                    "the store of torchrun's agent cannot be reached: " + e.getMessage(),
                    "MASTER_ADDR = " + place.masterAddress() + ", MASTER_PORT = " + place.masterPort(),
                    "give torchrun an address that every machine can reach (--rdzv-endpoint, --master-addr), or set"
                            + " TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1");
        }
    }

    @Override
    public void close() {
        if (store != null) {
            store.close();
        }
    }
}
