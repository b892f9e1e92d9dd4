package dev.lockstep.cli.doctor;

import dev.lockstep.torch.LibraryVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Checks the native code: whether it loads, its versions, its instruction set, and whether Gloo can listen. */
final class NativeChecks {
    private static final String GROUP = "native code";

    private NativeChecks() {}

    static List<Finding> all(NativeReport report) {
        if (!report.failure().isEmpty()) {
            return List.of(Finding.fail(
                    GROUP,
                    "libtorch",
                    report.failure(),
                    "see 'native cache'; Lockstep runs on 64-bit Linux with glibc and on Macs with Apple processors"));
        }
        NativeFacts facts = report.facts();
        List<Finding> findings = new ArrayList<>();
        findings.add(Finding.ok(
                GROUP,
                "libtorch",
                String.format(Locale.ROOT, "%s, loaded in %.1f s", facts.libtorch(), facts.seconds())));
        findings.add(Finding.ok(GROUP, "JavaCPP", facts.javacpp()));
        findings.add(cpu(facts.cpu()));
        findings.add(threads(facts.threads()));
        findings.add(loopback(facts.loopback()));
        findings.add(host(facts.host()));
        facts.libraries().stream().map(NativeChecks::library).forEach(findings::add);
        return findings;
    }

    /** One that cards need. */
    private static Finding library(LibraryVersion library) {
        String value = library.loaded() + ", libtorch was compiled with " + library.compiled();
        return library.problem().isEmpty()
                ? Finding.ok(GpuChecks.GROUP, library.name(), value)
                : Finding.warn(
                        GpuChecks.GROUP,
                        library.name(),
                        value + ": " + library.problem(),
                        "run 'lockstep gpu-setup --install', which fetches versions that fit, or unset LOCKSTEP_CUDA");
    }

    private static Finding cpu(String capability) {
        return capability.equals("DEFAULT")
                ? Finding.warn(GROUP, "CPU", "no AVX2: libtorch runs slowly", "use a CPU with AVX2 or AVX-512")
                : Finding.ok(GROUP, "CPU", capability);
    }

    private static Finding threads(int threads) {
        return threads == 1
                ? Finding.ok(
                        GROUP,
                        "threads of libtorch",
                        "1 per lane (compute thread), unless the recipe sets threads-per-worker")
                : Finding.warn(
                        GROUP,
                        "threads of libtorch",
                        Integer.toString(threads),
                        "this is a bug in Lockstep; please report it with this output");
    }

    private static Finding loopback(String failure) {
        return failure.isEmpty()
                ? Finding.ok(GROUP, "Gloo on this machine", "listens")
                : Finding.fail(
                        GROUP, "Gloo on this machine", failure, "bring up the loopback interface, or use --procs 1");
    }

    private static Finding host(String failure) {
        return failure.isEmpty()
                ? Finding.ok(GROUP, "Gloo between machines", "listens at the host name's address")
                : Finding.warn(
                        GROUP,
                        "Gloo between machines",
                        failure,
                        "set GLOO_SOCKET_IFNAME to the interface (needed only for runs on several machines)");
    }
}
