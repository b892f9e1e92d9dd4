/**
 * How the processes of a group find, authenticate and monitor each other: the group's secret, the handshake of its
 * connections, the supervisor and its members.
 */
@NullMarked
package dev.lockstep.supervise;

import org.jspecify.annotations.NullMarked;
