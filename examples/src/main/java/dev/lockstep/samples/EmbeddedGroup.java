package dev.lockstep.samples;

import dev.lockstep.collective.Collective;
import dev.lockstep.collective.Collectives;
import dev.lockstep.collective.Membership;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.model.Models;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.run.Training;
import dev.lockstep.supervise.FailurePolicy;
import dev.lockstep.supervise.GroupSecret;
import dev.lockstep.supervise.Supervisor;
import dev.lockstep.supervise.SupervisorAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;

/**
 * A group that a program forms itself, as a scheduler's driver and its tasks would. Here the tasks are threads of
 * one JVM; on several machines only rank, address and secret have to be passed on.
 */
public final class EmbeddedGroup {
    private static final Duration SILENCE = Duration.ofSeconds(30);

    private EmbeddedGroup() {}

    /** The driver. Returns the results by rank. */
    static List<RunResult> drive(int members, InetSocketAddress listenOn, Recipe recipe, Path folder) {
        byte[] bytes = new byte[32];
        new SecureRandom().nextBytes(bytes);
        GroupSecret secret = GroupSecret.of(bytes);
        ExecutorService tasks = Executors.newFixedThreadPool(members);
        try (Supervisor supervisor = Supervisor.start(
                listenOn, members, secret, SILENCE, event -> {}, System.err::println, FailurePolicy.THROW)) {
            SupervisorAddress address = supervisor.address();
            List<CompletableFuture<RunResult>> running = IntStream.range(0, members)
                    .mapToObj(rank -> CompletableFuture.supplyAsync(
                            () -> train(rank, members, address, secret, recipe, folder), tasks))
                    .toList();
            return running.stream().map(CompletableFuture::join).toList();
        } finally {
            tasks.shutdown();
        }
    }

    /** A task. */
    static RunResult train(
            int rank, int members, SupervisorAddress supervisor, GroupSecret secret, Recipe recipe, Path folder) {
        OpenDataset data = Datasets.open(recipe.data(), Optional.empty());
        Membership place = new Membership(rank, members, supervisor, secret);
        try (Collective group = Collectives.join(place, FailurePolicy.THROW)) {
            return Training.create(recipe, Models::create, data, group).resumeOrStart(folder);
        }
    }
}
