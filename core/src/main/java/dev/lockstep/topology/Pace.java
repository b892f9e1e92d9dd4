package dev.lockstep.topology;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Divides the workers by what the processes have shown they can compute. A step lasts as long as its slowest process, which
 * computes its workers in rounds of as many as it has lanes. Pure arithmetic: processes that agree on the measurements
 * agree on the division.
 */
public final class Pace {
    /** Workers move only when this share of the step's time is won: measurements vary, and a move costs a moment. */
    static final double LEAST_GAIN = 0.05;

    private Pace() {}

    /**
     * The measurement of a process.
     *
     * @param seconds that it computed in one step, above 0
     * @param lanes that it computed with
     */
    public record Load(double seconds, int lanes) {}

    /**
     * The division for the next steps; {@code now} if another one would win little.
     *
     * @param loads of each process, by rank, measured with {@code now}
     */
    public static Topology next(Topology now, List<Load> loads) {
        double[] rounds = new double[now.processes()];
        double slowest = 0;
        for (int rank = 0; rank < rounds.length; rank++) {
            Load load = loads.get(rank);
            rounds[rank] = load.seconds / rounds(now.workersOf(rank), load.lanes);
            slowest = Math.max(slowest, load.seconds);
        }
        int[] most = most(now.workers(), loads, rounds);
        Topology next = Topology.within(now.workers(), most);
        double expected = 0;
        for (int rank = 0; rank < rounds.length; rank++) {
            expected = Math.max(expected, rounds[rank] * rounds(next.workersOf(rank), loads.get(rank).lanes));
        }
        return expected < slowest * (1 - LEAST_GAIN) ? next : now;
    }

    private static int rounds(int workers, int lanes) {
        return (workers + lanes - 1) / lanes;
    }

    /** Gives round after round to the process that would be done with it first, until every worker has a place. */
    private static int[] most(int workers, List<Load> loads, double[] rounds) {
        int[] given = new int[rounds.length];
        Arrays.fill(given, 1);
        PriorityQueue<Integer> first =
                new PriorityQueue<>(Comparator.<Integer>comparingDouble(rank -> rounds[rank] * given[rank])
                        .thenComparing(rank -> rank));
        long places = 0;
        for (int rank = 0; rank < rounds.length; rank++) {
            places += loads.get(rank).lanes;
            // What it would have with one more.
            given[rank]++;
            first.add(rank);
        }
        while (places < workers) {
            int rank = first.remove();
            places += loads.get(rank).lanes;
            given[rank]++;
            first.add(rank);
        }
        int[] most = new int[rounds.length];
        for (int rank = 0; rank < most.length; rank++) {
            most[rank] = (int) Math.min(workers, (long) (given[rank] - 1) * loads.get(rank).lanes);
        }
        return most;
    }
}
