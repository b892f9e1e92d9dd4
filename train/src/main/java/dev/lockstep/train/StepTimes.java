package dev.lockstep.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.lockstep.collective.Collective;
import dev.lockstep.metrics.WorkerTimes;
import dev.lockstep.supervise.HostName;
import dev.lockstep.text.Json;
import dev.lockstep.topology.Topology;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Where the time of steps goes: measured by every process for itself, and gathered from all of them after every tenth step,
 * so that it costs no more than one short message per ten steps.
 */
final class StepTimes {
    static final int STEPS = 10;

    private final String host = HostName.own();
    private int steps;
    private double step;
    private double compute;
    private double dataWait;
    private double exposed;
    private double stood;
    private double[] workers = {};

    /** One more step. */
    void measured(double seconds, TrainStep.Outcome outcome) {
        if (workers.length != outcome.workerSeconds().length) {
            clear(outcome.workerSeconds().length);
        }
        steps++;
        step += seconds;
        compute += outcome.computeSeconds() - outcome.dataWaitSeconds();
        dataWait += outcome.dataWaitSeconds();
        exposed += outcome.exposedSeconds();
        for (int i = 0; i < workers.length; i++) {
            workers[i] += outcome.workerSeconds()[i];
        }
    }

    /** Training stood still for this long after a step. */
    void stoodStill(double seconds) {
        stood += seconds;
    }

    /**
     * Gathers the times. Every process must call it after every step.
     *
     * @param done iterations done
     * @return empty unless they are due
     */
    Optional<WorkerTimes> after(long done, Collective collective, Topology topology, int lanes) {
        if (done % STEPS != 0) {
            return Optional.empty();
        }
        WorkerTimes.Process own = own(collective.rank(), topology.firstWorker(collective.rank()), lanes);
        int count = steps;
        clear(workers.length);
        if (collective.size() == 1) {
            return Optional.of(new WorkerTimes(done, count, List.of(own)));
        }
        List<WorkerTimes.Process> all = new ArrayList<>();
        collective.allGather(bytes(own)).forEach(bytes -> all.add(read(bytes)));
        return Optional.of(new WorkerTimes(done, count, all));
    }

    private WorkerTimes.Process own(int rank, int firstWorker, int lanes) {
        int n = Math.max(1, steps);
        return new WorkerTimes.Process(
                rank,
                host,
                firstWorker,
                lanes,
                rounded(step / n),
                rounded(compute / n),
                rounded(dataWait / n),
                rounded(exposed / n),
                rounded(Math.max(0, step - compute - dataWait - exposed) / n),
                rounded(stood / n),
                Arrays.stream(workers).map(each -> rounded(each / n)).boxed().toList());
    }

    /** To microseconds: these numbers are written for every worker. */
    private static double rounded(double seconds) {
        return Math.rint(seconds * 1e6) / 1e6;
    }

    private void clear(int count) {
        steps = 0;
        step = 0;
        compute = 0;
        dataWait = 0;
        exposed = 0;
        stood = 0;
        workers = new double[count];
    }

    private static byte[] bytes(WorkerTimes.Process own) {
        try {
            return Json.MAPPER.writeValueAsBytes(own);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static WorkerTimes.Process read(byte[] bytes) {
        try {
            return Json.MAPPER.readValue(bytes, WorkerTimes.Process.class);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
