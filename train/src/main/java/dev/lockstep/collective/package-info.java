/**
 * Sums over processes: the tree all-reduce whose bits do not depend on the number of processes, c10d's all-reduce for
 * comparison, and how processes join a group.
 *
 * <p>A program that starts its processes itself runs the supervisor of their group and passes each its place:
 *
 * <pre>{@code
 * // In the driver. The driver passes the secret's bytes and the address to the tasks by its own means.
 * GroupSecret secret = GroupSecret.of(bytes);
 * try (Supervisor supervisor = Supervisor.start(
 *         new InetSocketAddress(driverHost, 0), 4, secret, Duration.ofSeconds(30), events, notices, FailurePolicy.THROW)) {
 *     runTasks(new SupervisorAddress(driverHost, supervisor.address().port()));
 * }
 *
 * // In each of the four tasks: processes, or threads of one.
 * Membership place = new Membership(rank, 4, address, secret);
 * try (Collective group = Collectives.join(place, FailurePolicy.THROW);
 *         Training run = Training.create(recipe, Models::create, data, group)) {
 *     run.resumeOrStart(folder);
 * }
 * }</pre>
 */
@NullMarked
package dev.lockstep.collective;

import org.jspecify.annotations.NullMarked;
