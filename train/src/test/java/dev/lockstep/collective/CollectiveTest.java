package dev.lockstep.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.supervise.FailurePolicy;
import dev.lockstep.supervise.GroupFailure;
import dev.lockstep.supervise.GroupSecret;
import dev.lockstep.supervise.HostName;
import dev.lockstep.supervise.MemberEvent;
import dev.lockstep.supervise.NextGroup;
import dev.lockstep.supervise.Supervisor;
import dev.lockstep.supervise.SupervisorAddress;
import dev.lockstep.topology.ReductionTree;
import dev.lockstep.topology.Topology;
import dev.lockstep.torch.Device;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.assertj.core.data.Offset;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every collective under {@link CollectiveContract}, and what only some of them promise. */
@Tag("slow")
class CollectiveTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final Executor THREADS = body -> new Thread(body).start();

    private static final Function<SocketGroup, Collective> TREE =
            group -> new TreeCollective(group, CollectiveContract.SHORT, CollectiveContract.PIECE);

    @Test
    void solo_keepsContract() {
        Collective solo = Collectives.fromEnvironment(GroupOptions.defaults(), FailurePolicy.THROW, Map.of());
        assertThat(solo).isInstanceOf(SoloCollective.class);
        List<float[]> sums = CollectiveContract.check(solo);
        for (int i = 0; i < sums.size(); i++) {
            int length = CollectiveContract.LENGTHS.get(i);
            assertThat(sums.get(i)).isEqualTo(CollectiveContract.contribution(0, length, 7));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 5, 6, 7, 8})
    void tree_keepsContract(int size) {
        List<List<float[]>> ranks = ThreadGroups.run(size, TREE, collective -> {
            assertThat(collective.isBitwise()).isTrue();
            return CollectiveContract.check(collective);
        });
        assertSumsAgree(ranks);
        assertTreeOrder(ranks.get(0), size);
    }

    /** Any division of the workers, equal or not, over real connections: the bits of the tree over all workers. */
    @Property(tries = 40)
    void tree_ofAnyDivision_hasTheTreesBits(@ForAll @IntRange(min = 2, max = 6) int size, @ForAll long seed) {
        Random random = new Random(seed);
        int workers = size + random.nextInt(30);
        Topology topology = random.nextInt(3) == 0 ? Topology.equal(workers, size) : divided(workers, size, random);
        List<Integer> lengths = List.of(1, 1 + random.nextInt(40), 1 + random.nextInt(9_000));
        List<List<float[]>> ranks = ThreadGroups.run(
                size,
                TREE,
                collective -> lengths.stream()
                        .map(length -> CollectiveContract.sumOfPartials(collective, topology, length, seed))
                        .toList());
        for (int i = 0; i < lengths.size(); i++) {
            float[] expected = expected(workers, lengths.get(i), seed);
            for (List<float[]> sums : ranks) {
                assertThat(sums.get(i)).as("%s", topology).isEqualTo(expected);
            }
        }
    }

    private static Topology divided(int workers, int size, Random random) {
        List<Integer> cuts = new ArrayList<>(IntStream.range(1, workers).boxed().toList());
        Collections.shuffle(cuts, random);
        List<Integer> ends = new ArrayList<>(cuts.subList(0, size - 1));
        Collections.sort(ends);
        ends.add(workers);
        List<Integer> sizes = new ArrayList<>();
        int start = 0;
        for (int end : ends) {
            sizes.add(end - start);
            start = end;
        }
        return Topology.of(workers, sizes);
    }

    @Test
    void partialSums_ofAnotherDivision_areRefused() {
        ThreadGroups.run(2, TREE, collective -> {
            // Rank 1 has workers 1, and 2 to 3: two partial sums.
            Topology topology = Topology.of(4, List.of(1, 3));
            int given = collective.rank() == 0 ? 2 : 1;
            Tensor partial = Device.cpu().zeros(3);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> collective.allReduceSum(topology, Collections.nCopies(given, partial)))
                    .withMessageContaining("one for each subtree");
            return 0;
        });
    }

    /** With the sizes that training uses: several pieces of a million elements, and a rest. */
    @Test
    void tree_ofManyPieces_hasTheTreesBits() {
        int length = 2 * 1024 * 1024 + 5;
        List<float[]> ranks =
                ThreadGroups.run(4, TreeCollective::new, collective -> CollectiveContract.sum(collective, length, 9));
        float[] expected = expected(4, length, 9);
        for (float[] sums : ranks) {
            assertThat(Arrays.equals(sums, expected)).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 8})
    void native_keepsContract(int size) {
        List<List<float[]>> ranks = ThreadGroups.run(size, group -> new NativeCollective(group, ""), collective -> {
            assertThat(collective.isBitwise()).isFalse();
            return CollectiveContract.check(collective);
        });
        assertSumsAgree(ranks);
    }

    @Test
    void tree_evictedPlans_areMadeAgain() {
        List<Integer> counts = ThreadGroups.run(2, TREE, collective -> {
            int right = 0;
            for (int length = 1; length <= 600; length++) {
                float[] sum = CollectiveContract.sum(collective, length, 3);
                right += Arrays.equals(sum, expected(2, length, 3)) ? 1 : 0;
            }
            return right;
        });
        assertThat(counts).containsExactly(600, 600);
    }

    /** A process that hangs while the others connect must not cost as long as a message may take, nor the reverse. */
    @Test
    void messages_waitForTheCallTimeout_notForTheJoinTimeout() {
        try (Supervisor supervisor = ThreadGroups.supervisor(2)) {
            Duration callTimeout = Duration.ofSeconds(1);
            CompletableFuture<Throwable> failure = CompletableFuture.supplyAsync(() -> {
                SocketGroup group = ThreadGroups.join(0, 2, supervisor, callTimeout);
                return catchThrowable(() -> group.allGather(new byte[1]));
            });
            SocketGroup silent = ThreadGroups.join(1, 2, supervisor, callTimeout);
            assertThat(failure.orTimeout(20, TimeUnit.SECONDS).join())
                    .isInstanceOf(LockstepException.class)
                    .hasMessageStartingWith("rank 1 did not answer in time");
            assertThat(silent.leave()).isTrue();
        }
    }

    /** A process that leaves while another waits for it: the other learns at once who it was. */
    @Test
    void processThatLeaves_isNamed() {
        try (Supervisor supervisor = ThreadGroups.supervisor(2)) {
            CompletableFuture<SocketGroup> other =
                    CompletableFuture.supplyAsync(() -> ThreadGroups.join(1, 2, supervisor, Duration.ofSeconds(60)));
            SocketGroup group = ThreadGroups.join(0, 2, supervisor, Duration.ofSeconds(60));
            other.join().leave();
            assertThat(catchThrowable(() -> group.allGather(new byte[1])))
                    .isInstanceOf(LockstepException.class)
                    .hasMessageStartingWith("rank 1 closed the connection");
            assertThat(group.leave()).as("nobody is in a call").isTrue();
        }
    }

    /** Another thread may close a group, whatever the first one waits for. */
    @Test
    void groupThatAnotherThreadCloses_freesTheCall_andCountsAsLost() {
        CompletableFuture<GroupFailure> failure = new CompletableFuture<>();
        InetSocketAddress where = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        try (Supervisor supervisor =
                Supervisor.start(where, 2, GroupSecret.none(), LONG, event -> {}, line -> {}, failure::complete)) {
            CompletableFuture<SocketGroup> other =
                    CompletableFuture.supplyAsync(() -> ThreadGroups.join(1, 2, supervisor, LONG));
            SocketGroup group = ThreadGroups.join(0, 2, supervisor, LONG);
            CompletableFuture<Throwable> waiting =
                    CompletableFuture.supplyAsync(() -> catchThrowable(() -> group.allGather(new byte[1])), THREADS);
            SocketGroup survivor = other.join();
            while (!group.isBusy()) {
                Thread.onSpinWait();
            }
            group.leave();
            assertThat(waiting.orTimeout(20, TimeUnit.SECONDS).join())
                    .hasMessageStartingWith("this process closed its group");
            assertThat(catchThrowable(() -> survivor.allGather(new byte[1])))
                    .isInstanceOf(LockstepException.class)
                    .hasMessageStartingWith("rank 0 on " + HostName.own() + " ended without deregistering");
            // The supervisor tells its processes first.
            assertThat(failure.orTimeout(20, TimeUnit.SECONDS).join().rank()).isZero();
            survivor.leave();
        }
    }

    /** An embedder's way to stop a task: the thread must neither wait on nor spin. */
    @Test
    void interruptedCall_endsAtOnce_andTheGroupWithIt() throws InterruptedException {
        try (Supervisor supervisor = ThreadGroups.supervisor(2)) {
            CompletableFuture<SocketGroup> other =
                    CompletableFuture.supplyAsync(() -> ThreadGroups.join(1, 2, supervisor, LONG));
            SocketGroup group = ThreadGroups.join(0, 2, supervisor, LONG);
            CompletableFuture<Throwable> failure = new CompletableFuture<>();
            Thread waiting = new Thread(() -> failure.complete(catchThrowable(() -> group.allGather(new byte[1]))));
            waiting.start();
            waiting.interrupt();
            assertThat(failure.orTimeout(20, TimeUnit.SECONDS).join())
                    .isInstanceOf(LockstepException.class)
                    .hasMessageStartingWith("this thread was interrupted");
            waiting.join();
            assertThat(catchThrowable(() -> group.allGather(new byte[1])))
                    .hasMessageStartingWith("this process has left its group");
            group.leave();
            other.join().leave();
        }
    }

    @Test
    void native_underAPolicyThatDoesNotEndTheProcess_isRefused() {
        GroupOptions options = GroupOptions.defaults().withMode(Collectives.Mode.NATIVE);
        Membership place = new Membership(0, 2, new SupervisorAddress("127.0.0.1", 1), GroupSecret.none());
        assertThat(catchThrowable(() -> Collectives.join(place, options, FailurePolicy.THROW)))
                .isInstanceOf(LockstepException.class)
                .hasMessage(
                        "c10d's all-reduce needs a failure policy that ends the process: its calls may wait forever,"
                                + " mode = NATIVE, use mode = TREE, or a policy whose endsProcess() is true");
    }

    @Test
    void member_hearsWhoIsThere_andTheFailure() {
        List<MemberEvent> heard = Collections.synchronizedList(new ArrayList<>());
        try (Supervisor supervisor = ThreadGroups.supervisor(2)) {
            CompletableFuture<SocketGroup> other =
                    CompletableFuture.supplyAsync(() -> ThreadGroups.join(1, 2, supervisor, LONG));
            try (Collective group = Collectives.join(
                    new Membership(0, 2, supervisor.address(), GroupSecret.none()),
                    GroupOptions.defaults().withEvents(heard::add),
                    FailurePolicy.THROW)) {
                supervisor.announce(new GroupFailure(1, "node7", "rank 1 on node7 was killed"));
                assertThat(catchThrowable(() -> group.allGather(new byte[1]))).hasMessage("rank 1 on node7 was killed");
            }
            other.join().leave();
        }
        String here = HostName.own();
        assertThat(heard)
                .containsExactly(
                        new MemberEvent(MemberEvent.What.JOINED, 0, here, ""),
                        new MemberEvent(MemberEvent.What.JOINED, 1, here, ""),
                        new MemberEvent(MemberEvent.What.FAILED, 1, "node7", "rank 1 on node7 was killed"));
    }

    /** A group of one is watched, too: its supervisor may need to end it. */
    @Test
    void solo_whoseSupervisorCloses_isUnusable() throws InterruptedException {
        List<GroupFailure> failures = Collections.synchronizedList(new ArrayList<>());
        Supervisor supervisor = ThreadGroups.supervisor(1);
        try (Collective solo =
                Collectives.join(new Membership(0, 1, supervisor.address(), GroupSecret.none()), failures::add)) {
            assertThat(solo.allGather(new byte[1])).hasSize(1);
            supervisor.close();
            Throwable failure = null;
            while (failure == null) {
                failure = catchThrowable(() -> solo.allGather(new byte[1]));
            }
            assertThat(failure).hasMessageStartingWith("the supervisor of this group was closed");
            // The policy gets it in the thread of the monitor.
            for (int tries = 0; failures.isEmpty() && tries < 1000; tries++) {
                Thread.sleep(10);
            }
            assertThat(failures)
                    .singleElement()
                    .satisfies(known -> assertThat(known.rank()).isEqualTo(GroupFailure.NO_RANK));
        }
    }

    /** Different calls on different processes are a bug of the caller; nobody may wait for half an hour. */
    @Test
    void messageOfAnotherLength_isRefused() {
        Throwable failure = catchThrowable(() -> ThreadGroups.run(
                2, TREE, collective -> CollectiveContract.sum(collective, 200 + collective.rank(), 1)));
        assertThat(failure).hasMessageContaining("the processes do different things");
    }

    /** The launcher's watch over a group of one; nobody else would see that it fails. */
    @Test
    void failure_isToldOnce_andThenNoLeaveIsTaken() {
        List<String> told = new ArrayList<>();
        Watch watch = new Watch() {
            @Override
            public Optional<NextGroup> next() {
                return Optional.empty();
            }

            @Override
            public CompletableFuture<Optional<GroupFailure>> outcome() {
                return new CompletableFuture<>();
            }

            @Override
            public Optional<GroupFailure> awaitVerdict() {
                return Optional.empty();
            }

            @Override
            public boolean isChangeDue() {
                return false;
            }

            @Override
            public void ready() {}

            @Override
            public void leave() {}

            @Override
            public void begun() {}

            @Override
            public void failed(String words) {
                told.add(words);
            }

            @Override
            public void end() {
                told.add("left");
            }

            @Override
            public void close() {
                told.add("closed");
            }
        };
        try (Collective solo = new SoloCollective(watch, null)) {
            solo.fail(LockstepException.data("truncated image", "file = x", "replace it"));
            solo.fail(new IllegalStateException("later"));
        }
        assertThat(told).containsExactly("truncated image, file = x, replace it", "closed");
        told.clear();
        new SoloCollective(watch, null).close();
        assertThat(told).containsExactly("left");
    }

    /** Every rank has the same bits, and they are the sum to rounding. */
    private static void assertSumsAgree(List<List<float[]>> ranks) {
        for (int i = 0; i < CollectiveContract.LENGTHS.size(); i++) {
            float[] first = ranks.get(0).get(i);
            for (List<float[]> rank : ranks) {
                assertThat(rank.get(i)).isEqualTo(first);
            }
            assertSumToRounding(first, contributions(ranks.size(), CollectiveContract.LENGTHS.get(i), 7));
        }
    }

    private static void assertSumToRounding(float[] sums, float[][] contributions) {
        assertThat(sums).hasSize(contributions[0].length);
        for (int element = 0; element < sums.length; element += 97) {
            double exact = 0;
            double magnitude = 0;
            for (float[] contribution : contributions) {
                exact += contribution[element];
                magnitude += Math.abs(contribution[element]);
            }
            assertThat((double) sums[element]).isCloseTo(exact, Offset.offset(magnitude * 1e-6));
        }
    }

    private static void assertTreeOrder(List<float[]> sums, int size) {
        for (int i = 0; i < sums.size(); i++) {
            assertThat(sums.get(i)).isEqualTo(expected(size, CollectiveContract.LENGTHS.get(i), 7));
        }
    }

    private static float[][] contributions(int size, int length, long seed) {
        float[][] contributions = new float[size][];
        for (int rank = 0; rank < size; rank++) {
            contributions[rank] = CollectiveContract.contribution(rank, length, seed);
        }
        return contributions;
    }

    private static float[] expected(int size, int length, long seed) {
        float[][] contributions = contributions(size, length, seed);
        float[] sums = new float[length];
        for (int i = 0; i < length; i++) {
            float[] leaves = new float[size];
            for (int rank = 0; rank < size; rank++) {
                leaves[rank] = contributions[rank][i];
            }
            sums[i] = ReductionTree.sum(leaves);
        }
        return sums;
    }
}
