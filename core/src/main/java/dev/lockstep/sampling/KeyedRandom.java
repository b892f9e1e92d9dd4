package dev.lockstep.sampling;

/**
 * A pseudo-random stream determined by its keys, such as (seed, epoch, sample index). Streams with the same keys are
 * equal on every machine, Java version and thread; streams whose keys differ in any position are statistically
 * independent.
 *
 * <p>The generator is SplitMix64 (Steele, Lea, Flood 2014); keys are mixed into its state by the same finalizer. It is
 * implemented here because the algorithms behind {@code java.util.random} may change between Java versions, and these
 * numbers determine the weights.
 */
public final class KeyedRandom {
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    private long state;
    private double spareGaussian = Double.NaN;

    private KeyedRandom(long state) {
        this.state = state;
    }

    /** Returns the stream for these keys. Their order matters. */
    public static KeyedRandom of(long... keys) {
        long state = 0x6C6F636B73746570L;
        for (long key : keys) {
            state = mix(state + GOLDEN_GAMMA ^ mix(key + GOLDEN_GAMMA));
        }
        return new KeyedRandom(state);
    }

    /** Hashes a name to a 64-bit key, for streams that are identified by name. */
    public static long key(String text) {
        long hash = 0xCBF29CE484222325L;
        for (int i = 0; i < text.length(); i++) {
            hash = (hash ^ text.charAt(i)) * 0x100000001B3L;
        }
        return hash;
    }

    /** 64 uniform bits. */
    public long nextLong() {
        state += GOLDEN_GAMMA;
        return mix(state);
    }

    /** Uniform over [0, bound), without bias (Lemire 2019). */
    public int nextInt(int bound) {
        if (bound <= 0) {
            throw new IllegalArgumentException("bound = " + bound + ": must be positive");
        }
        long product = (nextLong() >>> 32) * bound;
        long low = product & 0xFFFFFFFFL;
        if (low < bound) {
            long threshold = (1L << 32) % bound;
            while (low < threshold) {
                product = (nextLong() >>> 32) * bound;
                low = product & 0xFFFFFFFFL;
            }
        }
        return (int) (product >>> 32);
    }

    public boolean nextBoolean() {
        return nextLong() < 0;
    }

    /** Uniform over [0, 1), 53 bits. */
    public double nextDouble() {
        return (nextLong() >>> 11) * 0x1.0p-53;
    }

    /** Uniform over [low, high). */
    public double nextDouble(double low, double high) {
        return low + nextDouble() * (high - low);
    }

    /** Standard normal (Box and Muller 1958), in strict arithmetic so that every machine gets the same bits. */
    public double nextGaussian() {
        if (!Double.isNaN(spareGaussian)) {
            double result = spareGaussian;
            spareGaussian = Double.NaN;
            return result;
        }
        double radius = StrictMath.sqrt(-2 * StrictMath.log(1 - nextDouble()));
        double angle = 2 * StrictMath.PI * nextDouble();
        spareGaussian = radius * StrictMath.sin(angle);
        return radius * StrictMath.cos(angle);
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
