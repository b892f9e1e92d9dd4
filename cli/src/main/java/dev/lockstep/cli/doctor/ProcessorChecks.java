package dev.lockstep.cli.doctor;

import dev.lockstep.text.Format;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Checks the cores, threads and memory available to this process. */
final class ProcessorChecks {
    private static final String THREADS = "threads";
    private static final String MEMORY = "memory";
    private static final String BLAS = "OPENBLAS_CORETYPE";
    /** A run of the shipped recipe needs about 0.8 GiB. */
    private static final long COMFORTABLE = 2 * Format.GIB;

    private ProcessorChecks() {}

    static List<Finding> all(Machine machine) {
        List<Finding> findings = new ArrayList<>();
        findings.add(Finding.ok(THREADS, "cores", cores(machine)));
        findings.add(openMp(machine));
        for (String name : List.of("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")) {
            machine.variable(name)
                    .ifPresent(value ->
                            findings.add(override(name, value, "libtorch does not use this CPU's best instructions")));
        }
        machine.variable(BLAS)
                .ifPresent(value -> findings.add(override(BLAS, value, "OpenBLAS computes as on such a processor")));
        findings.add(memory(machine));
        findings.add(Finding.ok(MEMORY, "Java heap", "up to " + Format.binaryBytes(machine.heap())));
        return findings;
    }

    private static String cores(Machine machine) {
        long present = machine.file("proc/cpuinfo")
                .lines()
                .filter(line -> line.startsWith("processor"))
                .count();
        String limited = present > machine.cores() ? " of " + present + " (limited to this process)" : "";
        return machine.cores() + limited + ": " + Format.count(machine.cores(), "lane") + " by default";
    }

    private static Finding openMp(Machine machine) {
        String name = "OMP_NUM_THREADS";
        Optional<String> value = machine.variable(name);
        if (value.isPresent() && value.get().equals("1")) {
            return Finding.ok(THREADS, name, "1");
        }
        return Finding.warn(
                THREADS,
                name,
                value.orElse("not set") + ": OpenMP threads compete with the lanes",
                "start the program with ./lockstep, or set " + name
                        + "=1; the recipe's threads-per-worker sets the threads inside a worker");
    }

    private static Finding override(String name, String value, String what) {
        return Finding.warn(
                THREADS,
                name,
                value + ": " + what + ", and results may differ in some bits",
                "unset it, or set it to the same value on every machine of a run");
    }

    private static Finding memory(Machine machine) {
        long physical = physical(machine);
        String limit = physical > machine.memory() + Format.GIB / 2
                ? " (container limit; the machine has " + Format.binaryBytes(physical) + ")"
                : "";
        String value = Format.binaryBytes(machine.memory()) + limit;
        return machine.memory() >= COMFORTABLE
                ? Finding.ok(MEMORY, MEMORY, value)
                : Finding.warn(
                        MEMORY,
                        MEMORY,
                        value,
                        "provide " + Format.binaryBytes(COMFORTABLE)
                                + " or more, or train with fewer --lanes and a smaller network");
    }

    private static long physical(Machine machine) {
        return machine.file("proc/meminfo")
                .lines()
                .filter(line -> line.matches("MemTotal: +\\d+ kB"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                .findFirst()
                .orElse(machine.memory());
    }
}
