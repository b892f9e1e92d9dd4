package dev.lockstep.cuda;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.collective.SoloCollective;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.model.Models;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.run.Training;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.NormKernels;
import dev.lockstep.train.ReferenceTraining;
import dev.lockstep.train.RunOptions;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;

/** Runs on the CPU whose batch norms are these kernels or libtorch's, and how far their weights are from float64. */
final class KernelRun {
    private static final int STEPS = 4;

    private final Recipe recipe;
    private final OpenDataset data;
    private final SortedMap<String, double[]> exact;

    KernelRun(String model) {
        this.recipe = RecipeFile.parse("""
                name: kernels
                epochs: 1
                workers: 2
                images-per-worker: 8
                data: {dataset: "synthetic:images=64,validation=8,shape=3x32x32,classes=10"}
                learning-rate: {reference: 0.01, reference-minibatch: 16}
                model: {name: %s}
                """.formatted(model), "kernels", Map.of());
        this.data = Datasets.open(recipe.data(), Optional.empty());
        this.exact = new ReferenceTraining(recipe, data, Models::create).weightsAfter(STEPS);
    }

    /** |w − w₆₄| / |w₆₄| after a few steps. */
    double distance(Device device) throws IOException {
        Path folder = Files.createTempDirectory("lockstep-kernels-");
        try {
            Training.create(recipe, Models::create, data, new SoloCollective())
                    .options(RunOptions.defaults()
                            .withLanes(2)
                            .withStopAfter(STEPS)
                            .withDevice(device))
                    .start(folder);
            Path checkpoint = folder.resolve(String.format("checkpoints/step-%08d.safetensors", STEPS));
            return ReferenceTraining.distance(Checkpoint.read(checkpoint).tensors(), exact);
        } finally {
            DurableFiles.deleteFolder(folder);
        }
    }

    /** The CPU with other batch norms. */
    static Device onCpu(NormKernels norms) {
        return (Device) Proxy.newProxyInstance(
                Device.class.getClassLoader(), new Class<?>[] {Device.class}, (self, method, arguments) -> {
                    switch (method.getName()) {
                        case "norms":
                            return Optional.of(norms);
                        case "hashCode":
                            return System.identityHashCode(self);
                        case "equals":
                            return self == arguments[0];
                        default:
                            try {
                                return method.invoke(Device.cpu(), arguments);
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                    }
                });
    }
}
