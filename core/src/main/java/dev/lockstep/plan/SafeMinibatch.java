package dev.lockstep.plan;

import java.util.List;
import java.util.Optional;

/**
 * The largest minibatch at which the linear scaling rule is known to preserve accuracy on a dataset.
 *
 * @param images kn
 * @param source the source of the measurement
 */
record SafeMinibatch(String dataset, int images, String source) {
    private static final String CIFAR_SOURCE =
            "ResNet-20 on CIFAR-10: 8.28 % error at 128, 9.07 % at 2k, 28.97 % at 4k";

    private static final List<SafeMinibatch> KNOWN = List.of(
            new SafeMinibatch("imagenet", 8192, "Figure 1: 23.74 % error at 8k, 24.79 % at 16k"),
            new SafeMinibatch("cifar10", 2048, CIFAR_SOURCE),
            new SafeMinibatch("cifar100", 2048, CIFAR_SOURCE),
            new SafeMinibatch("fashion-mnist", 2048, CIFAR_SOURCE + "; the nearest dataset that was measured"),
            new SafeMinibatch("mnist", 2048, CIFAR_SOURCE + "; the nearest dataset that was measured"));

    static Optional<SafeMinibatch> of(String dataset) {
        return KNOWN.stream().filter(safe -> safe.dataset.equals(dataset)).findFirst();
    }
}
