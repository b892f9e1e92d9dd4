package dev.lockstep.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.BarrierTaskInfo;

/**
 * The place of a task's process in its group.
 *
 * @param hosts of all ranks
 * @param port on the host of rank 0, free when it was chosen
 * @param secret of this attempt
 */
record Place(int rank, List<String> hosts, int port, String secret) {
    private static final int SECRET_BYTES = 32;

    /** Agrees with the other tasks of the stage; waits for all of them. */
    static Place agree(BarrierTaskContext context) {
        int rank = context.partitionId();
        // Rank 0 offers a port of its host and a secret, and the barrier carries them as Spark carries its own
        // messages.
        String[] offers = context.allGather(rank == 0 ? freePort() + " " + newSecret() : "");
        String[] first = offers[0].split(" ", 2);
        List<String> hosts = Arrays.stream(context.getTaskInfos())
                .map(BarrierTaskInfo::address)
                .map(Place::host)
                .toList();
        return new Place(rank, hosts, Integer.parseInt(first[0]), first[1]);
    }

    /** Without the port of the executor; an IPv6 address without its brackets. */
    static String host(String address) {
        return address.replaceFirst(":[0-9]+$", "").replaceAll("[\\[\\]]", "");
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String newSecret() {
        byte[] random = new byte[SECRET_BYTES];
        new SecureRandom().nextBytes(random);
        return HexFormat.of().formatHex(random);
    }

    String host() {
        return hosts.get(rank);
    }

    /** The variables that the process reads, by torchrun's names. */
    Map<String, String> variables() {
        long before = hosts.stream().limit(rank).filter(host()::equals).count();
        long here = hosts.stream().filter(host()::equals).count();
        return Map.of(
                "RANK", Integer.toString(rank),
                "WORLD_SIZE", Integer.toString(hosts.size()),
                "LOCAL_RANK", Long.toString(before),
                "LOCAL_WORLD_SIZE", Long.toString(here),
                "MASTER_ADDR", hosts.get(0),
                "MASTER_PORT", Integer.toString(port));
    }

    @Override
    public String toString() {
        return "rank " + rank + " of " + hosts.size() + " on " + host();
    }
}
