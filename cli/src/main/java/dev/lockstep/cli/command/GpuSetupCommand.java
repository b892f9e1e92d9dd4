package dev.lockstep.cli.command;

import dev.lockstep.cli.gpu.CudaWheels;
import dev.lockstep.cli.gpu.GpuBuild;
import dev.lockstep.cli.gpu.PythonPackages;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.natives.CudaLibraries;
import dev.lockstep.text.Format;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code lockstep gpu-setup}: finds or fetches what computing on a GPU needs. */
@Command(
        name = "gpu-setup",
        description = {
            "Prepares this machine for --device cuda: finds NVIDIA's CUDA 13 libraries, in the system or in a Python"
                    + " environment, or fetches them into Lockstep's cache; and in a checkout fetches libtorch for CUDA.",
            "Says how much it will fetch before it does. Afterward, 'lockstep doctor' checks driver and card."
        },
        footer = {"", "Example: lockstep gpu-setup --dry-run"})
public final class GpuSetupCommand implements Callable<Integer> {
    private static final int INCOMPLETE = 2;
    private static final String INSTALLED = "13.3";

    /** Where the libraries come from. */
    static final class Source {
        @Option(
                names = "--from",
                paramLabel = "DIR",
                description = "Take them from here: a CUDA toolkit, a Python environment, or a folder that holds them.")
        private @Nullable Path from;

        @Option(names = "--install", description = "Fetch them even if they are found elsewhere.")
        private boolean install;
    }

    @ArgGroup
    private @Nullable Source source;

    @Option(
            names = "--python",
            paramLabel = "COMMAND",
            description = "The Python whose environment is searched and whose pip fetches. Default: python3.")
    private String python = "python3";

    @Option(names = "--dry-run", description = "Only say what would be done.")
    private boolean dryRun;

    @Override
    public Integer call() throws InterruptedException {
        GpuBuild build = GpuBuild.of(System.getenv());
        CudaWheels wheels = CudaWheels.pinned();
        Path cache = CudaLibraries.cache().resolve(INSTALLED);
        CudaLibraries found = search(cache);
        boolean fetch = !found.isComplete() && source().from == null || source().install;
        if (!found.isComplete() && !fetch) {
            throw LockstepException.recipe(
                    "CUDA libraries are missing: " + String.join(", ", found.missing()),
                    "--from = " + source().from,
                    "give a folder that has all of them, or leave --from out to search or fetch them");
        }
        print(found, fetch, wheels, cache, build);
        if (dryRun) {
            return fetch || !build.isComplete() ? INCOMPLETE : 0;
        }
        if (fetch) {
            wheels.install(cache, python);
            found = CudaLibraries.in(List.of(cache));
        }
        found.remember();
        build.complete();
        System.out.println("ready; next: lockstep doctor");
        return 0;
    }

    private Source source() {
        return source == null ? new Source() : source;
    }

    /** The first complete place, or else the one with the most. */
    private CudaLibraries search(Path cache) throws InterruptedException {
        List<List<Path>> places = new ArrayList<>();
        Path from = source().from;
        if (from != null) {
            if (!Files.isDirectory(from)) {
                throw LockstepException.recipe("no such folder", "--from = " + from, "give a folder that exists");
            }
            places.add(CudaLibraries.inside(from.toAbsolutePath()));
        } else {
            places.add(List.of(cache));
            places.add(PythonPackages.of(python, System.getenv()));
            places.add(CudaLibraries.system());
        }
        CudaLibraries best = CudaLibraries.in(List.of());
        for (List<Path> place : places) {
            CudaLibraries found = CudaLibraries.in(place);
            if (found.libraries().size() > best.libraries().size()) {
                best = found;
            }
        }
        return best;
    }

    private void print(CudaLibraries found, boolean fetch, CudaWheels wheels, Path cache, GpuBuild build) {
        Map<Path, Integer> counts = new LinkedHashMap<>();
        found.libraries().values().forEach(file -> counts.merge(file.resolveSibling(""), 1, Integer::sum));
        System.out.println(
                "CUDA libraries: " + found.libraries().size() + " of " + CudaLibraries.NAMES.size() + " found");
        counts.forEach((folder, count) -> System.out.println("  " + count + " in " + folder));
        if (fetch) {
            if (!found.isComplete()) {
                System.out.println("  missing: " + String.join(", ", found.missing()));
            }
            System.out.println("  to fetch with pip: " + wheels.count() + " wheels, " + Format.bytes(wheels.bytes())
                    + ", pinned and with checksums, into " + cache);
        }
        System.out.println(build.description());
    }
}
