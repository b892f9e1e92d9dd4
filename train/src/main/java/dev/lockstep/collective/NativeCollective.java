package dev.lockstep.collective;

import dev.lockstep.topology.Topology;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.TorchRuntime;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.FileStore;
import org.bytedeco.pytorch.GlooDeviceVector;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.gloo.Device;
import org.jspecify.annotations.Nullable;

/**
 * c10d's own all-reduce: on Gloo always a ring, whose order of additions depends on P and on the position in the
 * buffer. The same mathematics as the tree, for comparison; the bits change with P.
 *
 * <p>Its processes find each other over the group's own connections, but c10d's store and Gloo's connections authenticate
 * nobody. Where all processes are on one machine the store is a file and Gloo listens on the loopback address.
 *
 * <p>Where each process has a card of its own, the sums are NCCL's, and Gloo is not used.
 *
 * <p>After a failure nothing of Gloo is touched again, not even to close it: a Gloo call on a broken group hangs or aborts.
 */
final class NativeCollective implements Collective {
    /**
     * Stores that another object owns. The owner frees its store; the Java object must neither free it
     * again nor be collected, which would free it.
     */
    private static final List<Store> GIVEN_AWAY = Collections.synchronizedList(new ArrayList<>());

    private final SocketGroup group;
    private final List<Pointer> kept = new ArrayList<>();
    private final String networkInterface;
    private final DeviceLinks links;
    private @Nullable ProcessGroupGloo gloo;
    private @Nullable Path storeFile;

    /** @param networkInterface on which Gloo listens; empty for the one that the group's connections use */
    NativeCollective(SocketGroup group, String networkInterface) {
        this.group = group;
        this.networkInterface = networkInterface;
        this.links = new DeviceLinks(group);
    }

    /** Connected at the first sum; before that, processes compare their options over the group's own connections. */
    private ProcessGroupGloo gloo() {
        ProcessGroupGloo connected = gloo;
        if (connected == null) {
            TorchRuntime.load();
            try {
                connected = connect();
            } catch (RuntimeException e) {
                throw group.fail(CommunicationFailure.of(
                        e,
                        "another process",
                        "while Gloo connected the processes (" + LocalAddress.INTERFACE
                                + " names the network interface)"));
            }
            gloo = connected;
        }
        return connected;
    }

    private ProcessGroupGloo connect() {
        String own = LocalAddress.ofInterface(networkInterface)
                .orElseGet(() -> group.ownAddress(group.rank() == 0 ? 1 : 0))
                .getHostAddress();
        boolean local = group.allGather(own.getBytes(StandardCharsets.UTF_8)).stream()
                .allMatch(address -> new String(address, StandardCharsets.UTF_8).startsWith("127."));
        ProcessGroupGloo.Options options = keep(ProcessGroupGloo.Options.create(milliseconds(group.callTimeout())));
        Device device = keep(ProcessGroupGloo.createDeviceForHostname(own));
        options.devices(keep(new GlooDeviceVector(device)));
        Store store = local ? fileStore() : tcpStore();
        GIVEN_AWAY.add(StepScope.keep(store));
        ProcessGroupGloo connected = StepScope.keep(new ProcessGroupGloo(store, group.rank(), group.size(), options));
        connected.barrier()._wait();
        removeFile();
        return connected;
    }

    /** It is no longer needed. */
    private void removeFile() {
        Path file = storeFile;
        if (file != null && group.rank() == 0) {
            try {
                Files.deleteIfExists(file);
                Files.deleteIfExists(file.toAbsolutePath().getParent());
            } catch (IOException e) {
                // It stays in the system's temporary folder until that is cleaned.
            }
        }
    }

    /** The same value everywhere: that of rank 0. */
    private String ofRankZero(String mine) {
        return new String(group.allGather(mine.getBytes(StandardCharsets.UTF_8)).get(0), StandardCharsets.UTF_8);
    }

    private Store fileStore() {
        try {
            Path folder = group.rank() == 0 ? Files.createTempDirectory("lockstep-store-") : Path.of("");
            Path file = Path.of(ofRankZero(folder.toString())).resolve("store");
            storeFile = file;
            return new FileStore(file.toString(), group.size());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Store tcpStore() {
        boolean server = group.rank() == 0;
        TCPStore mine = server ? tcpStore("0.0.0.0", 0, true) : null;
        int port = Integer.parseInt(ofRankZero(mine == null ? "" : Integer.toString(mine.getPort() & 0xffff)));
        if (mine != null) {
            return mine;
        }
        InetAddress host = group.address(0);
        return tcpStore(host.getHostAddress(), port, false);
    }

    private TCPStore tcpStore(String host, int port, boolean server) {
        TCPStoreOptions options = keep(new TCPStoreOptions());
        options.port((short) port);
        options.isServer(server);
        options.waitWorkers(false);
        options.timeout(milliseconds(group.callTimeout()));
        return new TCPStore(host, options);
    }

    private static Milliseconds milliseconds(Duration duration) {
        return new Milliseconds(duration.toMillis());
    }

    private <P extends Pointer> P keep(P pointer) {
        kept.add(StepScope.keep(pointer));
        return pointer;
    }

    @Override
    public int rank() {
        return group.rank();
    }

    @Override
    public int size() {
        return group.size();
    }

    @Override
    public int processesHere() {
        return group.processesHere();
    }

    @Override
    public void allReduceSum(Tensor buffer) {
        if (Buffers.length(buffer) == 0) {
            return;
        }
        ProcessGroupGloo connected = gloo();
        group.inTurn(() -> {
            try (PointerScope scope = new PointerScope();
                    TensorVector vector = new TensorVector(buffer)) {
                connected.allreduce(vector)._wait();
                return null;
            } catch (RuntimeException e) {
                throw group.fail(CommunicationFailure.of(e, "another process", "during an all-reduce"));
            }
        });
    }

    @Override
    public void allReduceSum(Topology topology, List<Tensor> partials) {
        Buffers.length(topology, this, partials);
        Tensor sum = partials.get(0);
        partials.subList(1, partials.size()).forEach(sum::add_);
        allReduceSum(sum);
    }

    @Override
    public void allReduceSum(dev.lockstep.torch.Device device, Topology topology, List<Tensor> partials) {
        Optional<DeviceSums> direct = links.of(device);
        if (direct.isPresent()) {
            direct.get().library(topology, partials);
        } else {
            device.onHost(partials, onHost -> allReduceSum(topology, onHost));
        }
    }

    @Override
    public List<byte[]> allGather(byte[] mine) {
        return group.allGather(mine);
    }

    @Override
    public String kind() {
        return "native";
    }

    @Override
    public boolean isBitwise() {
        return false;
    }

    @Override
    public void fail(Throwable cause) {
        group.fail(cause);
    }

    @Override
    public void close() {
        boolean broken = group.isBroken();
        boolean idle = group.leave();
        links.close(broken || !idle);
        if (idle && !broken && gloo != null) {
            gloo.close();
            kept.forEach(Pointer::close);
        }
    }
}
