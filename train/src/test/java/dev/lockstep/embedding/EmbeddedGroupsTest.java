package dev.lockstep.embedding;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.collective.Collective;
import dev.lockstep.collective.Collectives;
import dev.lockstep.collective.GroupOptions;
import dev.lockstep.collective.Membership;
import dev.lockstep.collective.SoloCollective;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.model.Models;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.run.Training;
import dev.lockstep.supervise.GroupFailure;
import dev.lockstep.supervise.GroupSecret;
import dev.lockstep.supervise.HostName;
import dev.lockstep.supervise.MemberEvent;
import dev.lockstep.supervise.MemberEvent.What;
import dev.lockstep.supervise.Supervisor;
import dev.lockstep.supervise.SupervisorAddress;
import dev.lockstep.train.RunOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A program that embeds Lockstep, as a Spark driver and its executors would, by the public API alone: two groups in
 * one JVM, whose members are threads. One of them fails, and its survivors, the other group and the JVM live on.
 */
@Tag("slow")
@Timeout(180)
final class EmbeddedGroupsTest {
    /** What happens to one member of the group that fails, or to its supervisor. */
    enum Fate {
        THROWS,
        IS_CLOSED,
        FALLS_SILENT,
        LOSES_ITS_SUPERVISOR
    }

    private static final int SIZE = 4;
    private static final int CULPRIT = 2;
    /** From this step on the fate may come. */
    private static final int STEP = 5;

    private static final Duration PEER_TIMEOUT = Duration.ofSeconds(4);
    /** Long enough for a busy machine; one that waits for a dead process waits for 30 minutes. */
    private static final long SECONDS = 40;

    private static final String RECIPE = """
            name: embedded
            epochs: 2
            workers: 4
            images-per-worker: 2
            data: {dataset: 'synthetic:images=24,validation=8,shape=1x8x8,classes=3'}
            model: {name: resnet8, width: 4}
            """;

    private static final Executor TASKS = task -> new Thread(task, "task").start();

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    /** The JVM keeps some descriptors of its own once it has used a socket. */
    @BeforeAll
    static void useSocketsOnce() throws Exception {
        try (Driver driver = new Driver(2)) {
            assertThat(finish(driver.submit(EmbeddedGroupsTest::sumOnce))).containsExactly(2f, 2f);
        }
    }

    @ParameterizedTest
    @EnumSource(Fate.class)
    void groupThatFails_tellsItsSurvivorsWhy_andTheOtherGroupTrainsOn(Fate fate) throws Exception {
        String expected = train(new SoloCollective(), folder.resolve("alone"), epoch -> {});
        OpenResources before = OpenResources.now();
        CountDownLatch failed = new CountDownLatch(1);
        try (Driver trained = new Driver(2);
                Driver doomed = new Driver(SIZE);
                FreezableConnection cable = new FreezableConnection(doomed.supervisor.address())) {
            List<CompletableFuture<String>> training =
                    trained.submit(group -> train(group, folder.resolve("run"), epoch -> await(failed)));
            Doom doom = new Doom(fate, doomed, cable);
            List<CompletableFuture<Float>> members = doom.submit();
            doom.come();
            for (int rank = 0; rank < SIZE; rank++) {
                if (rank != CULPRIT || fate == Fate.LOSES_ITS_SUPERVISOR) {
                    assertFailure(failureOf(members.get(rank)), doom.expected());
                    assertThat(doomed.failuresOf(rank)).singleElement().satisfies(doom::assertCulprit);
                }
            }
            assertThat(failureOf(members.get(CULPRIT))).isNotNull();
            doom.assertEvents();
            // The group that trains was there all the time, and the tasks of the other one may join a new one.
            assertThat(training).noneMatch(CompletableFuture::isDone);
            try (Driver next = new Driver(SIZE)) {
                assertThat(finish(next.submit(EmbeddedGroupsTest::sumOnce))).containsOnly((float) SIZE);
            }
            failed.countDown();
            assertThat(finish(training)).containsExactly(expected, expected);
            assertThat(trained.failures).isEmpty();
        }
        before.requireNoMore();
    }

    /** The run fails on rank 0 (an Error in a listener ends it): rank 1 hears what it said. */
    @Test
    void trainingThatFails_isNamedInTheOthersTraining() throws Exception {
        OpenResources before = OpenResources.now();
        try (Driver driver = new Driver(2)) {
            List<CompletableFuture<String>> training =
                    driver.submit(group -> train(group, folder.resolve("run"), epoch -> {
                        throw new AssertionError("the table of results is gone");
                    }));
            assertThat(failureOf(training.get(0))).hasMessage("the table of results is gone");
            assertFailure(
                    failureOf(training.get(1)),
                    "rank 0 on " + HostName.own() + " failed: unexpected AssertionError: the table of results is gone");
            assertThat(driver.failuresOf(0)).isEmpty();
            assertThat(driver.failuresOf(1)).extracting(GroupFailure::rank).containsExactly(0);
        }
        before.requireNoMore();
    }

    /** The group of loops that fails. */
    private static final class Doom {
        private final Fate fate;
        private final Driver driver;
        private final FreezableConnection cable;
        private final CountDownLatch reached = new CountDownLatch(SIZE);
        private final CountDownLatch closed = new CountDownLatch(1);
        private final CompletableFuture<Collective> culprit = new CompletableFuture<>();
        private final CompletableFuture<Thread> culpritsThread = new CompletableFuture<>();

        Doom(Fate fate, Driver driver, FreezableConnection cable) {
            this.fate = fate;
            this.driver = driver;
            this.cable = cable;
        }

        List<CompletableFuture<Float>> submit() {
            return driver.submit(
                    rank -> fate == Fate.FALLS_SILENT && rank == CULPRIT
                            ? cable.address()
                            : driver.supervisor.address(),
                    this::loop);
        }

        private float loop(Collective group) {
            if (group.rank() == CULPRIT) {
                culprit.complete(group);
                culpritsThread.complete(Thread.currentThread());
            }
            try (PointerScope scope = new PointerScope()) {
                Tensor buffer = torch.ones(100_000);
                for (int step = 0; ; step++) {
                    if (step == STEP) {
                        reached.countDown();
                        atTheStep(group.rank());
                    }
                    buffer.fill_(new Scalar(1f));
                    group.allReduceSum(buffer);
                    assertThat(buffer.sum().item_float()).isEqualTo(SIZE * 100_000f);
                }
            } catch (RuntimeException e) {
                group.fail(e);
                throw e;
            }
        }

        private void atTheStep(int rank) {
            if (fate == Fate.THROWS && rank == CULPRIT) {
                throw new IllegalStateException("out of luck");
            }
            if (fate == Fate.IS_CLOSED && rank != CULPRIT) {
                await(closed);
            }
        }

        /** Returns when it has come. */
        void come() throws Exception {
            await(reached);
            switch (fate) {
                case THROWS -> {}
                case IS_CLOSED -> {
                    awaitAllReduce(culpritsThread.get());
                    culprit.get().close();
                    closed.countDown();
                }
                case FALLS_SILENT -> cable.freeze();
                case LOSES_ITS_SUPERVISOR -> driver.supervisor.close();
            }
        }

        private static void awaitAllReduce(Thread thread) {
            while (Stream.of(thread.getStackTrace())
                    .noneMatch(frame -> frame.getMethodName().equals("allReduceSum"))) {
                Thread.onSpinWait();
            }
        }

        String expected() {
            String who = "rank " + CULPRIT + " on " + HostName.own();
            return switch (fate) {
                case THROWS -> who + " failed: unexpected IllegalStateException: out of luck";
                case IS_CLOSED -> who + " ended without deregistering, ";
                case FALLS_SILENT -> who + " gave no sign of life for 4 s, ";
                case LOSES_ITS_SUPERVISOR -> "the supervisor of this group was closed, ";
            };
        }

        void assertCulprit(GroupFailure failure) {
            assertThat(failure.rank()).isEqualTo(fate == Fate.LOSES_ITS_SUPERVISOR ? GroupFailure.NO_RANK : CULPRIT);
            assertThat(failure.host()).isEqualTo(HostName.own());
            assertThat(failure.message()).startsWith(expected());
        }

        /** The driver heard of all that came, and of one culprit. */
        void assertEvents() {
            assertThat(driver.events)
                    .filteredOn(event -> event.what() == What.JOINED)
                    .hasSize(SIZE);
            assertThat(driver.events)
                    .filteredOn(event -> event.what() == What.COMPLETE)
                    .hasSize(1);
            List<MemberEvent> bad = driver.events.stream()
                    .filter(event ->
                            EnumSet.of(What.LOST, What.SILENT, What.FAILED).contains(event.what()))
                    .toList();
            if (fate == Fate.LOSES_ITS_SUPERVISOR) {
                assertThat(bad).isEmpty();
                assertThat(driver.supervisorsFailures).isEmpty();
            } else {
                assertThat(bad).singleElement().satisfies(event -> {
                    assertThat(event.rank()).isEqualTo(CULPRIT);
                    assertThat(event.what())
                            .isEqualTo(
                                    switch (fate) {
                                        case THROWS -> What.FAILED;
                                        case IS_CLOSED -> What.LOST;
                                        default -> What.SILENT;
                                    });
                });
                assertThat(driver.supervisorsFailures).singleElement().satisfies(this::assertCulprit);
            }
        }
    }

    /** Runs a group's supervisor, and its members as threads of this JVM. */
    private static final class Driver implements AutoCloseable {
        private interface Task<T> {
            T run(Collective group) throws Exception;
        }

        private interface Route {
            SupervisorAddress from(int rank);
        }

        private record Heard(int rank, GroupFailure failure) {}

        private final int size;
        private final GroupSecret secret;
        private final Supervisor supervisor;
        private final Queue<MemberEvent> events = new ConcurrentLinkedQueue<>();
        private final Queue<GroupFailure> supervisorsFailures = new ConcurrentLinkedQueue<>();
        private final Queue<Heard> failures = new ConcurrentLinkedQueue<>();

        Driver(int size) {
            this.size = size;
            byte[] bytes = new byte[32];
            new SecureRandom().nextBytes(bytes);
            this.secret = GroupSecret.of(bytes);
            this.supervisor = Supervisor.start(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                    size,
                    secret,
                    PEER_TIMEOUT,
                    events::add,
                    line -> {},
                    supervisorsFailures::add);
        }

        <T> List<CompletableFuture<T>> submit(Task<T> task) {
            return submit(rank -> supervisor.address(), task);
        }

        /** Starts all members. */
        <T> List<CompletableFuture<T>> submit(Route route, Task<T> task) {
            return IntStream.range(0, size)
                    .mapToObj(rank -> CompletableFuture.supplyAsync(() -> member(rank, route, task), TASKS))
                    .toList();
        }

        private <T> T member(int rank, Route route, Task<T> task) {
            Membership place = new Membership(rank, size, route.from(rank), secret);
            GroupOptions options = GroupOptions.defaults().withPeerTimeout(PEER_TIMEOUT);
            try (Collective group =
                    Collectives.join(place, options, failure -> failures.add(new Heard(rank, failure)))) {
                return task.run(group);
            } catch (RuntimeException | Error e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }

        List<GroupFailure> failuresOf(int rank) {
            return failures.stream()
                    .filter(heard -> heard.rank == rank)
                    .map(Heard::failure)
                    .toList();
        }

        @Override
        public void close() {
            supervisor.close();
        }
    }

    /** Returns the hash of the weights. */
    private static String train(Collective group, Path out, Consumer<EpochMetrics> onEpoch) throws IOException {
        Path file = out.resolveSibling("recipe-" + group.rank() + ".yaml");
        Recipe recipe = Recipe.read(Files.writeString(file, RECIPE));
        RunOptions options = RunOptions.defaults().withLanes(1).withBucketFloats(500);
        return Training.create(recipe, Models::create, Datasets.open(recipe.data(), Optional.empty()), group)
                .options(options)
                .onEpoch(onEpoch)
                .start(out)
                .weightsSha256();
    }

    private static float sumOnce(Collective group) {
        try (PointerScope scope = new PointerScope()) {
            Tensor one = torch.ones(1);
            group.allReduceSum(one);
            return one.item_float();
        }
    }

    private static void assertFailure(Throwable failure, String start) {
        assertThat(failure)
                .isInstanceOfSatisfying(
                        LockstepException.class,
                        known -> assertThat(known.kind()).isEqualTo(LockstepException.Kind.WORKER))
                .hasMessageStartingWith(start);
    }

    private static <T> Throwable failureOf(CompletableFuture<T> task) throws Exception {
        return task.<Throwable>handle((result, failure) -> failure.getCause()).get(SECONDS, TimeUnit.SECONDS);
    }

    private static <T> List<T> finish(List<CompletableFuture<T>> tasks) throws Exception {
        List<T> results = new ArrayList<>();
        for (CompletableFuture<T> task : tasks) {
            results.add(task.get(SECONDS, TimeUnit.SECONDS));
        }
        return results;
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(SECONDS, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
