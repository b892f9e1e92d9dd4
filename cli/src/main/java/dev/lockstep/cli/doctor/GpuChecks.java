package dev.lockstep.cli.doctor;

import dev.lockstep.natives.CudaLibraries;
import dev.lockstep.natives.CudaSupport;
import dev.lockstep.natives.CudaSupport.Capability;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Checks what computing on a GPU needs. On a machine without one, nothing of it is wrong. */
final class GpuChecks {
    static final String GROUP = "GPU";
    private static final String DEVICE = "LOCKSTEP_DEVICE";
    private static final Pattern DRIVER = Pattern.compile("NVRM version:.*?\\s([0-9]+)\\.([0-9.]+)\\s");
    private static final Pattern CARD = Pattern.compile("(.+), ([0-9]+)\\.([0-9]+), ([0-9]+) MiB");
    private static final String[] SMI = {
        "nvidia-smi", "--query-gpu=name,compute_cap,memory.total", "--format=csv,noheader"
    };
    private static final int PATIENCE_SECONDS = 20;

    private GpuChecks() {}

    static List<Finding> all(Machine machine) {
        return all(machine, CudaLibraries.find(), GpuChecks::cards);
    }

    /** @param cards lists the cards, one a line; empty if that is impossible */
    static List<Finding> all(Machine machine, CudaLibraries found, Supplier<String> cards) {
        Matcher driver = DRIVER.matcher(machine.file("proc/driver/nvidia/version"));
        if (!driver.find()) {
            boolean wanted = machine.variable(DEVICE)
                    .filter(value -> value.startsWith("cuda"))
                    .isPresent();
            return List.of(
                    wanted
                            ? Finding.fail(
                                    GROUP,
                                    "NVIDIA driver",
                                    "none, but " + DEVICE + " = "
                                            + machine.variable(DEVICE).orElse(""),
                                    "install the driver, or unset " + DEVICE)
                            : Finding.ok(GROUP, "NVIDIA driver", "none: runs compute on the CPU"));
        }
        List<Finding> findings = new ArrayList<>();
        String version = driver.group(1) + "." + driver.group(2);
        findings.add(
                Integer.parseInt(driver.group(1)) >= CudaSupport.LEAST_DRIVER
                        ? Finding.ok(GROUP, "NVIDIA driver", version)
                        : Finding.warn(
                                GROUP,
                                "NVIDIA driver",
                                version + " is too old for CUDA 13",
                                "update it to " + CudaSupport.LEAST_DRIVER + " or newer, or use --device cpu"));
        cards.get().lines().map(GpuChecks::card).forEach(findings::add);
        findings.add(libraries(found));
        return findings;
    }

    private static Finding card(String line) {
        Matcher card = CARD.matcher(line.strip());
        if (!card.matches()) {
            return Finding.warn(GROUP, "card", line.strip(), "check the driver: nvidia-smi");
        }
        Capability capability = new Capability(Integer.parseInt(card.group(2)), Integer.parseInt(card.group(3)));
        String value = String.format(
                Locale.ROOT,
                "%s, %s, %.0f GiB",
                card.group(1),
                capability.architecture(),
                Integer.parseInt(card.group(4)) / 1024.0);
        return capability.isSupported()
                ? Finding.ok(GROUP, "card", value)
                : Finding.warn(
                        GROUP,
                        "card",
                        value + ": libtorch has no code for it",
                        "use a card of compute capability "
                                + CudaSupport.builtFor().stream()
                                        .map(Capability::toString)
                                        .collect(Collectors.joining(", "))
                                + " or a later one of these generations, or --device cpu");
    }

    private static Finding libraries(CudaLibraries found) {
        String count = found.libraries().size() + " of " + CudaLibraries.NAMES.size();
        String folders = found.folders().stream().map(Path::toString).collect(Collectors.joining(", "));
        return found.isComplete()
                ? Finding.ok(GROUP, "CUDA libraries", count + " in " + folders)
                : Finding.warn(
                        GROUP,
                        "CUDA libraries",
                        count + ", missing: " + String.join(", ", found.missing()),
                        "run 'lockstep gpu-setup', or use --device cpu");
    }

    private static String cards() {
        return run(SMI).orElse("nvidia-smi does not list the cards");
    }

    private static Optional<String> run(String... command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            boolean good = process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0;
            return Optional.of(text.strip()).filter(lines -> good && !lines.isEmpty());
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}
