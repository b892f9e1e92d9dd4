package dev.lockstep.cli.command;

import dev.lockstep.cli.bundle.Bundle;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.text.Format;
import dev.lockstep.text.Json;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code lockstep bundle}: a distribution with a Java runtime of its own. */
@Command(
        name = "bundle",
        description = {
            "Copies this distribution into a new folder and adds a Java runtime that has just the modules it needs, so"
                    + " that it runs on hosts without Java.",
            "Needs a full JDK here, and nothing there."
        },
        footer = {
            "",
            "Examples: bin/lockstep bundle --out /opt/lockstep",
            "          bin/lockstep bundle --gpu-arch sm_90 --archive --out lockstep-h100"
        })
public final class BundleCommand implements Runnable {
    @Option(names = "--out", paramLabel = "DIR", required = true, description = "Output folder; must not exist.")
    @SuppressWarnings("NullAway.Init")
    private Path out;

    @Option(
            names = "--unpack",
            description = "Also unpack the native libraries, so that a host needs no cache folder; about 520 MiB more.")
    private boolean unpack;

    @Option(
            names = "--device",
            paramLabel = "cpu|cuda",
            description = "Fail unless the libraries of this distribution are for this device.")
    private Optional<String> device = Optional.empty();

    @Option(
            names = "--gpu-arch",
            paramLabel = "sm_N",
            split = ",",
            description =
                    "In a distribution for GPUs: keep only the code for these architectures, such as sm_90 for the"
                            + " H100; about a sixth is left of libtorch for CUDA.")
    private List<String> architectures = List.of();

    @Option(names = "--archive", description = "Also pack the folder into DIR.tar.gz.")
    private boolean archive;

    @Option(names = "--json", description = "Print one JSON document.")
    private boolean json;

    private record Made(String folder, long bytes, String java, List<String> modules) {}

    private Set<Integer> numbers() {
        Set<Integer> numbers = new TreeSet<>();
        for (String architecture : architectures) {
            if (!architecture.matches("sm_[0-9]{2,3}")) {
                throw LockstepException.recipe(
                        "no such GPU architecture", "--gpu-arch = " + architecture, "give one such as sm_90");
            }
            numbers.add(Integer.valueOf(architecture.substring(3)));
        }
        return numbers;
    }

    @Override
    public void run() {
        Path home = Bundle.distribution(System.getenv());
        device.ifPresent(wanted -> Bundle.requireFor(wanted, home));
        Bundle bundle = Bundle.make(home, out, unpack, numbers());
        if (archive) {
            bundle.pack();
        }
        String java = Runtime.version().toString();
        System.out.println(
                json
                        ? Json.pretty(new Made(bundle.folder().toString(), bundle.bytes(), java, bundle.modules()))
                        : "%s: %s, Java %s with %s"
                                .formatted(
                                        bundle.folder(),
                                        Format.binaryBytes(bundle.bytes()),
                                        java,
                                        String.join(", ", bundle.modules())));
    }
}
