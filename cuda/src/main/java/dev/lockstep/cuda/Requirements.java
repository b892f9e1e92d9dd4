package dev.lockstep.cuda;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.natives.CudaSupport;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;

/**
 * What a run on a card needs, checked in the order in which it is needed. What is missing is one line with the fix; nothing is
 * replaced by the CPU.
 *
 * @param missing in that order
 */
record Requirements(List<Missing> missing) {
    /** Set by the launcher: which build of libtorch JavaCPP looks for. */
    static final String EXTENSION = "org.bytedeco.javacpp.platform.extension";

    static final String GPU = "-gpu";
    /** As {@link LockstepException} has it. */
    record Missing(String what, String where, String fix) {}

    /** What can be known before 860 MB of libraries are loaded. */
    static Requirements beforeLoading(Driver driver, Properties properties) {
        List<Missing> missing = new ArrayList<>();
        String extension = properties.getProperty(EXTENSION, "");
        if (!extension.equals(GPU)) {
            missing.add(new Missing(
                    "this process uses libtorch for the CPU",
                    EXTENSION + " = '" + extension + "'",
                    "start with the launcher: lockstep train --device cuda"));
        }
        if (!driver.isThere()) {
            missing.add(new Missing(
                    "there is no NVIDIA driver",
                    Driver.LIBRARY + " = not found",
                    "install the driver " + CudaSupport.LEAST_DRIVER
                            + " or newer, until nvidia-smi works, or use --device cpu"));
        }
        return new Requirements(List.copyOf(missing));
    }

    /** What can be known when libtorch is loaded. */
    static Requirements afterLoading(LoadedLibraries loaded) {
        List<Missing> missing = new ArrayList<>();
        List<String> folders = loaded.torchFolders();
        if (folders.size() > 1) {
            missing.add(new Missing(
                    "libraries of two builds of libtorch are mixed",
                    "folders = " + String.join(", ", folders),
                    "have one of the JARs of pytorch for linux-x86_64 and linux-x86_64-gpu on the class path"));
        }
        if (!loaded.has("libtorch_cuda")) {
            missing.add(new Missing(
                    "libtorch for the CPU was loaded",
                    "libtorch_cuda.so = not loaded",
                    "run 'lockstep gpu-setup', then start with the launcher"));
        }
        return new Requirements(List.copyOf(missing));
    }

    /** What can be known when CUDA has looked for cards. */
    static Requirements ofCards(Cards cards, Driver driver, int index) {
        List<Missing> missing = new ArrayList<>();
        String version = driver.version().isEmpty() ? "unknown" : driver.version();
        if (cards.driver() < CudaSupport.LEAST_CUDA) {
            missing.add(new Missing(
                    cards.driver() == 0 ? "the NVIDIA driver does not answer" : "the NVIDIA driver is too old",
                    "driver = " + version + ", its CUDA = " + Versions.cuda(cards.driver()) + ", needed = "
                            + Versions.cuda(CudaSupport.LEAST_CUDA),
                    "install the driver " + CudaSupport.LEAST_DRIVER + " or newer, or use --device cpu"));
        } else if (cards.cards().isEmpty()) {
            missing.add(new Missing(
                    "CUDA finds no card: " + (cards.error().isEmpty() ? "no device" : cards.error()),
                    "driver = " + version + ", CUDA_VISIBLE_DEVICES = "
                            + System.getenv().getOrDefault("CUDA_VISIBLE_DEVICES", "not set"),
                    "let this process see a card (in a container: --gpus all), or use --device cpu"));
        } else if (index >= cards.cards().size()) {
            missing.add(new Missing(
                    "there is no such card",
                    "device = cuda:" + index + ", cards = " + cards.cards().size(),
                    "use cuda:0 to cuda:" + (cards.cards().size() - 1)));
        } else if (!cards.card(index).capability().isSupported()) {
            Cards.Card card = cards.card(index);
            missing.add(new Missing(
                    "libtorch has no code for this card",
                    "device = cuda:" + index + ", card = " + card.name() + " (" + card.architecture()
                            + "), built for = " + CudaSupport.architectures(),
                    "use another card, or --device cpu"));
        }
        return new Requirements(List.copyOf(missing));
    }

    /** Of kind RECIPE, for the first that is missing. */
    Optional<LockstepException> failure(String device) {
        return missing.stream()
                .findFirst()
                .map(it -> LockstepException.recipe(it.what, "--device = " + device + ", " + it.where, it.fix));
    }

    /** @throws LockstepException of kind RECIPE for the first that is missing */
    void require(String device) {
        failure(device).ifPresent(failure -> {
            throw failure;
        });
    }
}
