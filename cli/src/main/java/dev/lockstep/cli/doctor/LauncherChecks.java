package dev.lockstep.cli.doctor;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.launch.GroupEnvironment;
import dev.lockstep.launch.Job;
import dev.lockstep.launch.Node;
import dev.lockstep.supervise.GroupSecret;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Shows which launcher's variables {@code train} would follow in this environment, and what follows from them. */
final class LauncherChecks {
    private static final String GROUP = "launcher";

    private LauncherChecks() {}

    static List<Finding> all(Machine machine) {
        Map<String, String> environment = machine.environment();
        List<Finding> findings = new ArrayList<>();
        try {
            Optional<Node> node = Node.from(environment);
            Optional<GroupEnvironment> place = node.isPresent() ? Optional.empty() : GroupEnvironment.from(environment);
            String name = Job.from(environment).map(Job::launcher).orElse("none");
            if (node.isPresent()) {
                findings.addAll(of(name, node.get()));
            } else if (place.isPresent()) {
                findings.addAll(of(name, place.get(), machine));
            } else {
                findings.add(Finding.ok(GROUP, "started by", name + ": train runs alone, or with --procs"));
            }
            if (node.isPresent() || place.isPresent()) {
                findings.add(secret(
                        environment, place.map(GroupEnvironment::isSpread).orElse(true)));
            }
        } catch (LockstepException e) {
            findings.add(Finding.fail(GROUP, "started by", e.whatAndWhere(), e.fix()));
        }
        return findings;
    }

    private static List<Finding> of(String name, Node node) {
        return List.of(
                Finding.ok(GROUP, "started by", name + ": train starts this machine's processes"),
                Finding.ok(GROUP, "machine", node.rank() + " of " + node.nodes()),
                Finding.ok(GROUP, "processes here", node.processes() + " of " + node.size()),
                rankZero(node.masterAddress(), node.masterPort()));
    }

    private static List<Finding> of(String name, GroupEnvironment place, Machine machine) {
        Job job = place.job();
        boolean known = job.processesHere() > 0;
        int threads = job.cores() > 0 ? job.cores() : Math.max(1, machine.cores() / Math.max(1, job.processesHere()));
        return List.of(
                Finding.ok(GROUP, "started by", name + ": train joins its group"),
                Finding.ok(GROUP, "rank", place.rank() + " of " + place.size()),
                rankZero(place.masterAddress(), place.masterPort()),
                Finding.ok(GROUP, "processes here", known ? "" + job.processesHere() : "counted when all have joined"),
                Finding.ok(
                        GROUP,
                        "compute threads",
                        known || job.cores() > 0
                                ? threads + " of " + machine.cores() + " cores"
                                : machine.cores() + " cores / processes here"));
    }

    private static Finding rankZero(String address, int port) {
        return Finding.ok(GROUP, "rank 0 listens at", address + ":" + port);
    }

    private static Finding secret(Map<String, String> environment, boolean spread) {
        String file = environment.getOrDefault(GroupSecret.VARIABLE, "");
        GroupSecret.from(environment);
        if (!file.isEmpty()) {
            return Finding.ok(GROUP, "secret", GroupSecret.VARIABLE + " = " + file);
        }
        return spread
                ? Finding.warn(
                        GROUP,
                        "secret",
                        "none: whoever reaches rank 0's port can join the group",
                        "set " + GroupSecret.VARIABLE
                                + " to a file of mode 600 with the same random text on every machine")
                : Finding.ok(GROUP, "secret", "none, and the group stays on this machine");
    }
}
