package dev.lockstep.plan;

/**
 * Estimates the gradient noise scale B = tr(Σ)/|G|² (McCandlish et al. 2018, "simple" noise scale) from two norms that
 * every step has at hand: those of the workers' own gradients, over n images each, and that of their mean, over kn.
 *
 * <p>Because E|G_b|² = |G|² + tr(Σ)/b for a gradient over b images, each step gives unbiased estimates
 *
 * <pre>{@code
 * |G|² ≈ (kn·|G_kn|² − n·|G_n|²) / (kn − n)
 * tr(Σ) ≈ (|G_n|² − |G_kn|²) / (1/n − 1/kn)
 * }</pre>
 *
 * of which single ones are far too noisy, so each has its own running average (a ratio of averages; the average of ratios
 * would be biased). With k = 1 both norms are the same, and the scale stays unknown.
 *
 * <p>Not thread-safe.
 */
public final class NoiseScale {
    /** About the last hundred steps count: gradients change over epochs, estimates scatter over steps. */
    private static final double USUAL_DECAY = 0.99;

    private final long small;
    private final long big;
    private final double decay;
    private State state;

    /**
     * The running averages, to be kept across an interruption.
     *
     * @param signal weighted sum of the estimates of |G|²
     * @param noise weighted sum of the estimates of tr(Σ)
     * @param weight sum of the weights: 1 − decay^steps
     */
    public record State(double signal, double noise, double weight) {
        public static final State EMPTY = new State(0, 0, 0);
    }

    public NoiseScale(int workers, int imagesPerWorker) {
        this(workers, imagesPerWorker, USUAL_DECAY, State.EMPTY);
    }

    /** Goes on from the state of an earlier estimator with the same workers and images per worker. */
    public NoiseScale(int workers, int imagesPerWorker, State state) {
        this(workers, imagesPerWorker, USUAL_DECAY, state);
    }

    NoiseScale(int workers, int imagesPerWorker, double decay, State state) {
        this.small = imagesPerWorker;
        this.big = (long) workers * imagesPerWorker;
        this.decay = decay;
        this.state = state;
    }

    /**
     * Adds one step.
     *
     * @param meanWorkerSquaredNorm the mean over workers of |g|² of their own gradients (of the mean loss over n images)
     * @param aggregateSquaredNorm |g|² of the mean of those gradients, without weight decay
     */
    public void add(double meanWorkerSquaredNorm, double aggregateSquaredNorm) {
        if (big == small || !Double.isFinite(meanWorkerSquaredNorm) || !Double.isFinite(aggregateSquaredNorm)) {
            return;
        }
        double signal = (big * aggregateSquaredNorm - small * meanWorkerSquaredNorm) / (big - small);
        double noise = (meanWorkerSquaredNorm - aggregateSquaredNorm) / (1.0 / small - 1.0 / big);
        state = new State(
                decay * state.signal + (1 - decay) * signal,
                decay * state.noise + (1 - decay) * noise,
                decay * state.weight + (1 - decay));
    }

    /** tr(Σ)/|G|², in images; NaN while it is not known: no step yet, one worker, or noise that hides the signal. */
    public double scale() {
        return state.signal > 0 && state.noise > 0 ? state.noise / state.signal : Double.NaN;
    }

    /** The averaged estimate of |G|², without the bias of an average that starts at 0; NaN before the first step. */
    public double squaredGradient() {
        return state.weight > 0 ? state.signal / state.weight : Double.NaN;
    }

    /** The averaged estimate of tr(Σ), likewise. */
    public double covarianceTrace() {
        return state.weight > 0 ? state.noise / state.weight : Double.NaN;
    }

    public State state() {
        return state;
    }
}
