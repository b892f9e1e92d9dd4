package dev.lockstep.report;

import dev.lockstep.plan.NoiseScale;
import java.util.Locale;
import java.util.Optional;

/** What the gradient noise scale says about a run's minibatch. */
final class NoiseSentence {
    private static final int STEPS = 50;

    private NoiseSentence() {}

    static Optional<String> of(RunView run) {
        double images = run.curves().recent(Curves.Quantity.NOISE_SCALE, STEPS);
        if (!Double.isFinite(images)) {
            return Optional.empty();
        }
        long could = Math.max(1, Math.round(images / run.recipe().imagesPerWorker()));
        String advice = String.format(
                Locale.ROOT,
                "; k could be %,d (now %,d) for a minibatch of the critical size",
                could,
                run.recipe().workers());
        String first = NoiseScale.ofImages(images).summary(run.recipe().minibatch());
        return Optional.of("Noise: " + first + advice + ".");
    }
}
