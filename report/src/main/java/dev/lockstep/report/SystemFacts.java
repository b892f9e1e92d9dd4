package dev.lockstep.report;

import dev.lockstep.text.Format;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** How busy the machine is on which the page is made. */
final class SystemFacts {
    private SystemFacts() {}

    static void add(Page page, Path runFolder) {
        page.element("h2", "This machine");
        page.facts(of(runFolder));
    }

    private static Map<String, String> of(Path runFolder) {
        Map<String, String> facts = new LinkedHashMap<>();
        if (ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean system) {
            facts.put(
                    "processors",
                    String.format(
                            Locale.ROOT,
                            "%d, load %.1f",
                            system.getAvailableProcessors(),
                            Math.max(0, system.getSystemLoadAverage())));
            facts.put(
                    "memory",
                    Format.binaryBytes(available(system)) + " available of "
                            + Format.binaryBytes(system.getTotalMemorySize()));
        }
        try {
            FileStore disk = Files.getFileStore(runFolder);
            facts.put(
                    "disk of the run",
                    Format.bytes(disk.getUsableSpace()) + " free of " + Format.bytes(disk.getTotalSpace()));
        } catch (IOException e) {
            facts.put("disk of the run", "unknown");
        }
        facts.put("card", String.join("; ", Cards.here().describe()));
        return facts;
    }

    /** What Linux could give to programs, which is more than what nobody uses. */
    private static long available(com.sun.management.OperatingSystemMXBean system) {
        try {
            return Files.readAllLines(Path.of("/proc/meminfo")).stream()
                    .filter(line -> line.startsWith("MemAvailable:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
                    .findFirst()
                    .orElseGet(system::getFreeMemorySize);
        } catch (IOException e) {
            return system.getFreeMemorySize();
        }
    }
}
