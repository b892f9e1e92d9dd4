package dev.lockstep.cli.doctor;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Checks the memory allocator's settings. By default glibc returns every large block to the kernel, although every step
 * needs the same blocks again, and page faults then take up to half of a step. Four environment variables, which glibc
 * reads when the process starts, prevent that. The launcher sets them; a program that embeds the library must be
 * started with them.
 */
final class AllocatorChecks {
    private static final String GROUP = "allocator";
    private static final String HUGE = "glibc.malloc.hugetlb=1";
    private static final String NO_CACHES = "glibc.malloc.tcache_count=0";
    private static final String HUGE_PAGES = "sys/kernel/mm/transparent_hugepage/enabled";

    private AllocatorChecks() {}

    static List<Finding> all(Machine machine) {
        List<Finding> findings = new ArrayList<>();
        if (machine.isLinux()) {
            findings.add(tunables(machine));
            findings.add(atLeast(
                    machine,
                    "MALLOC_MMAP_THRESHOLD_",
                    4294967296L,
                    "every tensor above 128 KiB is mapped and unmapped each time"));
            findings.add(atLeast(
                    machine,
                    "MALLOC_TRIM_THRESHOLD_",
                    34359738368L,
                    "freed tensors are returned to the kernel after each step"));
            findings.add(atLeast(
                    machine,
                    "MALLOC_TOP_PAD_",
                    67108864L,
                    "the heap grows in small increments, each with a system call"));
        }
        findings.add(memoryCheck(machine));
        return findings;
    }

    private static Finding tunables(Machine machine) {
        String name = "GLIBC_TUNABLES";
        String wanted = HUGE + ":" + NO_CACHES;
        Optional<String> value = machine.variable(name);
        if (value.isEmpty() || !value.get().contains(HUGE)) {
            return Finding.warn(
                    GROUP, name, value.orElse("not set") + ": 4 KiB pages, many page faults", start(name, wanted));
        }
        if (!value.get().contains(NO_CACHES)) {
            return Finding.warn(
                    GROUP,
                    name,
                    value.get() + ": per-thread caches fragment memory, which grows by some MiB",
                    start(name, wanted));
        }
        if (machine.file(HUGE_PAGES).contains("[never]")) {
            return Finding.warn(
                    GROUP,
                    name,
                    value.get() + ", but huge pages are disabled in the kernel",
                    "as root: echo madvise > /" + HUGE_PAGES);
        }
        return Finding.ok(GROUP, name, value.get());
    }

    private static Finding atLeast(Machine machine, String name, long wanted, String cost) {
        Optional<String> value = machine.variable(name);
        if (value.isEmpty() || !value.get().matches("[0-9]{1,18}")) {
            return Finding.warn(GROUP, name, value.orElse("not set") + ": " + cost, start(name, Long.toString(wanted)));
        }
        return Long.parseLong(value.get()) >= wanted
                ? Finding.ok(GROUP, name, value.get())
                : Finding.warn(
                        GROUP,
                        name,
                        value.get() + " is below " + wanted + ": " + cost,
                        start(name, Long.toString(wanted)));
    }

    private static String start(String name, String value) {
        return "start the program with ./lockstep, or set " + name + "=" + value + " in its environment";
    }

    /** JavaCPP's own check of the process's memory use. */
    private static Finding memoryCheck(Machine machine) {
        String name = "org.bytedeco.javacpp.maxPhysicalBytes";
        String value = machine.property(name);
        if (value.toLowerCase(Locale.ROOT).matches("0[kmgtb]*")) {
            return Finding.ok(GROUP, "JavaCPP memory check", "off");
        }
        return Finding.warn(
                GROUP,
                "JavaCPP memory check",
                "on (" + (value.isEmpty() ? "the default" : value)
                        + "): reads /proc at each allocation, and throws OutOfMemoryError although memory is available",
                "start the JVM with -D" + name + "=0");
    }
}
