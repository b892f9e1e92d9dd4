package dev.lockstep.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.launch.GroupEnvironment;
import dev.lockstep.launch.Job;
import dev.lockstep.supervise.FailurePolicy;
import dev.lockstep.supervise.GroupFailure;
import dev.lockstep.supervise.GroupSecret;
import dev.lockstep.supervise.Supervisor;
import dev.lockstep.torch.TorchRuntime;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.bytedeco.pytorch.ByteVector;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How processes come together without our launcher, and what strangers can do to them. */
@Tag("slow")
@Timeout(120)
class RendezvousTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    private static final java.util.concurrent.Executor THREADS = body -> new Thread(body).start();

    private final List<String> notices = Collections.synchronizedList(new ArrayList<>());

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 5})
    void groupWithoutLauncher_comesTogether_andThenOnlyItsSupervisorListens(int size) throws IOException {
        int port = freePort();
        List<SocketGroup> groups = all(size, port);
        assertThat(groups).extracting(SocketGroup::rank).containsExactlyInAnyOrderElementsOf(ranks(size));
        assertThat(groups).extracting(SocketGroup::processesHere).containsOnly(size);
        assertThat(gathered(groups)).allSatisfy(all -> assertThat(all).hasSize(size));
        groups.forEach(SocketGroup::leave);
    }

    @Test
    void groupOnLoopback_listensOnLoopbackAlone() throws Exception {
        int port = freePort();
        List<SocketGroup> groups = all(2, port);
        assertThat(ListeningPorts.ofThisProcess())
                .as("every listening address of this JVM, where this group has one port")
                .contains("127.0.0.1:" + port)
                .allSatisfy(address -> assertThat(address).startsWith("127.0.0.1:"));
        groups.forEach(SocketGroup::leave);
    }

    @Test
    void absentProcesses_areNamed() throws IOException {
        int port = freePort();
        assertThatThrownBy(() -> join(0, 3, port, Duration.ofSeconds(1)))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(4))
                .hasMessageContaining("2 of 3 processes did not join within 1 s, missing rank = 1, 2,");
    }

    @Test
    void takenPort_isRefusedInOneLine() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            assertThatThrownBy(() -> join(0, 2, taken.getLocalPort(), LONG))
                    .isInstanceOfSatisfying(
                            LockstepException.class,
                            e -> assertThat(e.exitCode()).isEqualTo(2))
                    .hasMessage("MASTER_PORT = " + taken.getLocalPort()
                            + " is taken, rank 0 cannot listen there, choose another port for all processes");
        }
    }

    @Test
    void masterThatIsUnknown_isNamed() {
        GroupEnvironment place = new GroupEnvironment(1, 2, "no-such-host.invalid", 29_500);
        assertThatThrownBy(() -> new EnvironmentRendezvous(place, Map.of(), terms(Duration.ofSeconds(1))).join())
                .hasMessageStartingWith("rank 0 cannot be reached: no-such-host.invalid cannot be resolved, address ="
                        + " no-such-host.invalid:29500");
    }

    @Test
    void anotherServiceAtTheMastersPort_isSaidAtOnce() throws Exception {
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            CompletableFuture<Void> service = CompletableFuture.runAsync(() -> {
                try (Socket client = other.accept()) {
                    client.getOutputStream().write("220 mail.example ESMTP\r\n".getBytes(StandardCharsets.US_ASCII));
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            assertThatThrownBy(() -> join(1, 2, other.getLocalPort(), LONG))
                    .isInstanceOfSatisfying(
                            LockstepException.class,
                            e -> assertThat(e.exitCode()).isEqualTo(2))
                    .hasMessageStartingWith("a program other than Lockstep answers at 127.0.0.1:");
            service.get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void worldSizeThatDiffers_endsBothAtOnce_withBothNumbers() throws Exception {
        int port = freePort();
        List<GroupFailure> failures = Collections.synchronizedList(new ArrayList<>());
        CompletableFuture<Void> zero = CompletableFuture.runAsync(() -> {
            Terms terms = new Terms(GroupSecret.none(), terms(LONG).options(), failures::add);
            new EnvironmentRendezvous(new GroupEnvironment(0, 4, "127.0.0.1", port), Map.of(), terms).join();
        });
        assertThatThrownBy(() -> join(1, 2, port, LONG))
                .hasMessageStartingWith("WORLD_SIZE differs: rank 1 on ")
                .hasMessageContaining(" has 2, the group has 4");
        assertThatThrownBy(() -> zero.get(30, TimeUnit.SECONDS)).hasMessageContaining("WORLD_SIZE differs: rank 1 on ");
        assertThat(failures)
                .singleElement()
                .satisfies(failure -> assertThat(failure.message()).startsWith("WORLD_SIZE differs: rank 1 on "));
    }

    @Test
    void lateDuplicate_isRefused_andTheGroupGoesOn() throws Exception {
        int port = freePort();
        List<SocketGroup> groups = all(2, port);
        assertThatThrownBy(() -> join(1, 2, port, LONG))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(2))
                .hasMessageStartingWith(
                        "rank 1 is taken by process " + ProcessHandle.current().pid() + " on ");
        assertThat(gathered(groups)).allSatisfy(all -> assertThat(all).hasSize(2));
        assertThat(notices).singleElement().asString().contains("rank 1 is taken");
        groups.forEach(SocketGroup::leave);
    }

    /**
     * torchrun's agent listens at MASTER_PORT; what a group before has left in its store leads nowhere. Each agent counts its
     * own restarts.
     */
    @Test
    void agentsStore_leadsToRankZero_alsoAfterARestart() {
        TorchRuntime.load();
        TCPStoreOptions options = new TCPStoreOptions();
        options.port((short) 0);
        options.isServer(true);
        options.waitWorkers(false);
        try (TCPStore store = new TCPStore("127.0.0.1", options);
                ByteVector stale = new ByteVector("- 1".getBytes(StandardCharsets.UTF_8))) {
            store.set("lockstep/supervisor", stale);
            int port = store.getPort() & 0xffff;
            List<CompletableFuture<SocketGroup>> joining = Stream.of(1, 0)
                    .map(rank -> CompletableFuture.supplyAsync(
                            () -> {
                                Map<String, String> environment = ofTorchrun(rank, 1 - rank, port);
                                GroupEnvironment place =
                                        GroupEnvironment.from(environment).orElseThrow();
                                return new EnvironmentRendezvous(place, environment, terms(Duration.ofSeconds(20)))
                                        .join();
                            },
                            THREADS))
                    .toList();
            List<SocketGroup> groups =
                    joining.stream().map(CompletableFuture::join).toList();
            assertThat(gathered(groups)).allSatisfy(all -> assertThat(all).hasSize(2));
            groups.forEach(SocketGroup::leave);
        }
    }

    private static Map<String, String> ofTorchrun(int rank, int restarts, int port) {
        return Map.of(
                "TORCHELASTIC_RUN_ID",
                "none",
                "TORCHELASTIC_USE_AGENT_STORE",
                "True",
                "TORCHELASTIC_RESTART_COUNT",
                Integer.toString(restarts),
                "RANK",
                Integer.toString(rank),
                "WORLD_SIZE",
                "2",
                "MASTER_ADDR",
                "127.0.0.1",
                "MASTER_PORT",
                Integer.toString(port));
    }

    /** Beyond this machine without a secret: said before anybody waits. Here the interface is the loopback one. */
    @Test
    void groupWithoutSecret_beyondThisMachine_isWarnedOf() throws IOException {
        int port = freePort();
        GroupEnvironment place = new GroupEnvironment(0, 2, "some-host", port);
        assertThatThrownBy(() -> new EnvironmentRendezvous(
                                place, Map.of("GLOO_SOCKET_IFNAME", "lo"), terms(Duration.ofSeconds(1)))
                        .join())
                .hasMessageContaining("missing rank = 1");
        assertThat(notices)
                .singleElement()
                .asString()
                .startsWith("this group has no secret: ")
                .contains("port " + port, "LOCKSTEP_GROUP_SECRET");
    }

    /** One of the named interface, and one of another, where there is another. */
    static Stream<String> ownAddresses() throws IOException {
        return Stream.concat(
                Stream.of("127.0.0.2"),
                NetworkInterface.networkInterfaces()
                        .flatMap(NetworkInterface::inetAddresses)
                        .filter(address -> address instanceof Inet4Address && !address.isLoopbackAddress())
                        .map(InetAddress::getHostAddress)
                        .limit(1));
    }

    /** The interface is for data; where rank 0 is looked for is MASTER_ADDR. Both are this machine's. */
    @ParameterizedTest
    @MethodSource("ownAddresses")
    void masterBesideTheNamedInterface_isReached(String master) throws Exception {
        int port = freePort();
        Map<String, String> environment = Map.of("GLOO_SOCKET_IFNAME", "lo");
        List<CompletableFuture<SocketGroup>> joining = Stream.of(0, 1)
                .map(rank -> CompletableFuture.supplyAsync(
                        () -> {
                            GroupEnvironment place = new GroupEnvironment(rank, 2, master, port);
                            return new EnvironmentRendezvous(place, environment, terms(Duration.ofSeconds(10))).join();
                        },
                        THREADS))
                .toList();
        List<SocketGroup> groups = joining.stream().map(CompletableFuture::join).toList();
        assertThat(gathered(groups)).allSatisfy(all -> assertThat(all).hasSize(2));
        groups.forEach(SocketGroup::leave);
    }

    @Test
    void masterThatLeadsToThisMachine_inAGroupOfSeveral_isExplained() throws IOException {
        Job job = new Job("Slurm", "slurm-1", 0, 1, 1, 0);
        GroupEnvironment place = new GroupEnvironment(1, 2, "localhost", freePort(), job);
        assertThatThrownBy(() -> new EnvironmentRendezvous(place, Map.of(), terms(Duration.ofSeconds(1))).join())
                .hasMessageStartingWith("MASTER_ADDR = localhost leads to this machine itself, but Slurm says that the"
                        + " group has several machines, rank 0 cannot be reached")
                .hasMessageEndingWith("/etc/hosts may map its name to a loopback address");
    }

    /** Open MPI names the machine of mpirun, which need not be that of rank 0. */
    @Test
    void addressOfAnotherMachine_thatTheLauncherGave_isRefusedByRankZeroAtOnce() throws IOException {
        Job job = new Job("Open MPI", "", 0, 1, Job.UNKNOWN, 0);
        GroupEnvironment place = new GroupEnvironment(0, 2, "198.51.100.1", freePort(), job);
        assertThatThrownBy(() -> new EnvironmentRendezvous(place, Map.of(), terms(LONG)).join())
                .hasMessageStartingWith("MASTER_ADDR = 198.51.100.1 is not an address of ")
                .hasMessageContaining("where rank 0 runs")
                .hasMessageContaining("mpirun -x MASTER_ADDR=HOST");
    }

    @Test
    void addressOfAnotherMachine_thatTheUserGave_isANotice() throws IOException {
        GroupEnvironment place = new GroupEnvironment(0, 2, "198.51.100.1", freePort());
        Map<String, String> environment = Map.of("MASTER_ADDR", "198.51.100.1");
        assertThatThrownBy(() -> new EnvironmentRendezvous(place, environment, terms(Duration.ofSeconds(1))).join())
                .hasMessageContaining("missing rank = 1");
        assertThat(notices.get(0)).startsWith("MASTER_ADDR = 198.51.100.1 is not an address of ");
    }

    @Test
    void agentsStoreThatCannotBeReached_isSaidAtOnce() throws IOException {
        int port = freePort();
        GroupEnvironment place = new GroupEnvironment(1, 2, "127.0.0.1", port);
        Map<String, String> environment = Map.of("TORCHELASTIC_USE_AGENT_STORE", "True");
        assertThatThrownBy(() -> new EnvironmentRendezvous(place, environment, terms(LONG)).join())
                .hasMessageStartingWith("the store of torchrun's agent cannot be reached: ")
                .hasMessageContaining("MASTER_ADDR = 127.0.0.1, MASTER_PORT = " + port);
    }

    @Test
    void processThatIsRefused_listensNoMore() throws IOException {
        try (Supervisor supervisor = ThreadGroups.supervisor(4)) {
            List<String> before = ListeningPorts.ofThisProcess();
            assertThatThrownBy(() -> ThreadGroups.join(1, 2, supervisor, LONG))
                    .hasMessageStartingWith("WORLD_SIZE differs");
            assertThat(ListeningPorts.ofThisProcess()).containsExactlyInAnyOrderElementsOf(before);
        }
    }

    @Test
    void masterPortZero_isForOurLauncher() {
        assertThatThrownBy(() -> join(1, 2, 0, LONG))
                .hasMessageStartingWith("MASTER_PORT = 0 lets rank 0 choose the port");
    }

    @Test
    void unknownInterface_isRefused() {
        assertThatThrownBy(() -> LocalAddress.ofInterface("nosuch0"))
                .hasMessageStartingWith("GLOO_SOCKET_IFNAME = nosuch0 is not a usable network interface");
    }

    @Test
    void interfaceThatIsNamed_isUsed() {
        assertThat(LocalAddress.ofInterface("lo"))
                .hasValueSatisfying(
                        address -> assertThat(address.isLoopbackAddress()).isTrue());
    }

    @Test
    void interfaceThatTheEnvironmentNames_isWhereDataIsReceived() throws IOException {
        GroupEnvironment place = new GroupEnvironment(1, 2, "127.0.0.1", 29_500);
        Map<String, String> unknown = Map.of("GLOO_SOCKET_IFNAME", "nosuch0,lo");
        assertThatThrownBy(() -> new EnvironmentRendezvous(place, unknown, terms(LONG)))
                .hasMessageStartingWith("GLOO_SOCKET_IFNAME = nosuch0 is not a usable network interface");
        InetAddress route = InetAddress.getByName("198.51.100.1");
        assertThat(new Rendezvous(1, 2, terms(LONG), LocalAddress.ofInterface("lo")).bindAddress(route, false))
                .satisfies(address -> assertThat(address.isLoopbackAddress()).isTrue());
        assertThat(new Rendezvous(1, 2, terms(LONG), LocalAddress.ofInterface("")).bindAddress(route, false))
                .isEqualTo(route);
    }

    private List<SocketGroup> all(int size, int port) {
        List<CompletableFuture<SocketGroup>> joining = ranks(size).stream()
                .map(rank -> CompletableFuture.supplyAsync(() -> join(rank, size, port, LONG), THREADS))
                .toList();
        return joining.stream().map(CompletableFuture::join).toList();
    }

    private static List<List<byte[]>> gathered(List<SocketGroup> groups) {
        List<CompletableFuture<List<byte[]>>> calls = groups.stream()
                .map(group ->
                        CompletableFuture.supplyAsync(() -> group.allGather(new byte[] {(byte) group.rank()}), THREADS))
                .toList();
        return calls.stream().map(CompletableFuture::join).toList();
    }

    private static List<Integer> ranks(int size) {
        return java.util.stream.IntStream.range(0, size).boxed().toList();
    }

    private SocketGroup join(int rank, int size, int port, Duration joinTimeout) {
        GroupEnvironment place = new GroupEnvironment(rank, size, "127.0.0.1", port);
        return new EnvironmentRendezvous(place, Map.of(), terms(joinTimeout)).join();
    }

    private Terms terms(Duration joinTimeout) {
        return ThreadGroups.terms(joinTimeout, LONG, notices);
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket()) {
            free.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0));
            return free.getLocalPort();
        }
    }

    @Test
    void groupOfOne_needsNoNetwork() {
        Map<String, String> environment =
                Map.of("RANK", "0", "WORLD_SIZE", "1", "MASTER_ADDR", "no-such-host.invalid", "MASTER_PORT", "29500");
        assertThat(Collectives.fromEnvironment(GroupOptions.defaults(), FailurePolicy.THROW, environment))
                .isInstanceOf(SoloCollective.class);
    }
}
