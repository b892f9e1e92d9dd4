package dev.lockstep.collective;

import dev.lockstep.supervise.GroupSecret;
import dev.lockstep.supervise.Place;
import dev.lockstep.supervise.SupervisorAddress;

/**
 * The place of a process in a group, as assigned by the program that runs the group's {@link
 * dev.lockstep.supervise.Supervisor}. A process may be a thread: several members, of one group or of several, may live
 * in one JVM.
 *
 * @param rank 0 … size − 1, different for each process
 * @param size P, the number of processes
 * @param supervisor the address at which the supervisor of the group listens
 * @param secret the secret that all processes of the group and its supervisor know
 */
public record Membership(int rank, int size, SupervisorAddress supervisor, GroupSecret secret) {
    public Membership {
        if (size < 1 || size > Place.MOST || rank < 0 || rank >= size) {
            throw new IllegalArgumentException("rank = " + rank + ", size = " + size + ": out of range");
        }
    }
}
