/** Building blocks of scenarios: processes, signals, phases of a run, network namespaces, small disks, damaged files. */
@NullMarked
package dev.lockstep.evidence.process;

import org.jspecify.annotations.NullMarked;
