package dev.lockstep.cli.doctor;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs all checks, in the order in which their results are shown. */
public final class Doctor {
    private Doctor() {}

    /**
     * Examines this machine. Takes a few seconds, most of them for loading libtorch in a separate process.
     *
     * @param version Lockstep's version
     * @return the findings, in the order in which they are shown
     */
    public static List<Finding> examine(String version) {
        Machine machine = Machine.current();
        // Before the probe, which would repair what an earlier process left half unpacked.
        List<Finding> storage = StorageChecks.all(machine);
        return examine(version, machine, storage, NativeReport.ofThisJvm());
    }

    static List<Finding> examine(String version, Machine machine, List<Finding> storage, NativeReport report) {
        List<Finding> findings = new ArrayList<>(versions(version, machine));
        findings.addAll(NativeChecks.all(report));
        findings.addAll(ProcessorChecks.all(machine));
        findings.addAll(GpuChecks.all(machine));
        findings.addAll(AllocatorChecks.all(machine));
        findings.addAll(storage);
        findings.addAll(NetworkChecks.all(machine));
        findings.addAll(LauncherChecks.all(machine));
        return findings;
    }

    private static List<Finding> versions(String version, Machine machine) {
        String group = "versions";
        String java = machine.property("java.vm.version") + " (" + machine.property("java.vendor") + "), "
                + Path.of(machine.property("java.home"));
        String system =
                machine.property("os.name") + " " + machine.property("os.version") + ", " + machine.property("os.arch");
        return List.of(
                Finding.ok(group, "Lockstep", version),
                Finding.ok(group, "Java", java),
                Finding.ok(group, "system", system));
    }
}
