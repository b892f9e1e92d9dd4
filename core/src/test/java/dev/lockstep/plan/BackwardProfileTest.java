package dev.lockstep.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.network.NetworkShape;
import dev.lockstep.network.Shapes;
import java.util.List;
import org.junit.jupiter.api.Test;

class BackwardProfileTest {
    private static final NetworkShape RESNET50 = Shapes.of("resnet50", Shapes.IMAGENET);

    @Test
    void of_resnet50_sendsEveryByteOnceInOrder() {
        List<BackwardProfile.Bucket> buckets =
                BackwardProfile.of(RESNET50, 4 << 20).buckets();

        assertThat(buckets.stream().mapToDouble(BackwardProfile.Bucket::bytes).sum())
                .isEqualTo(Traffic.contributionBytes(RESNET50));
        assertThat(buckets)
                .extracting(BackwardProfile.Bucket::readyAt)
                .isSorted()
                .endsWith(1.0);
        assertThat(buckets.subList(0, buckets.size() - 1))
                .allSatisfy(bucket -> assertThat(bucket.bytes()).isGreaterThanOrEqualTo(4 << 20));
    }

    /** Most weights are in the last stage, whose backward pass comes first. */
    @Test
    void of_resnet50_hasHalfOfTheBytesReadyInTheFirstThird() {
        double early = BackwardProfile.of(RESNET50, 1 << 20).buckets().stream()
                .filter(bucket -> bucket.readyAt() < 1 / 3.0)
                .mapToDouble(BackwardProfile.Bucket::bytes)
                .sum();

        assertThat(early).isGreaterThan(0.5 * Traffic.contributionBytes(RESNET50));
    }

    @Test
    void exposedSeconds_instantTransfers_hidesAll() {
        assertThat(BackwardProfile.of(RESNET50, 1 << 20).exposedSeconds(0.1, bytes -> 0))
                .isZero();
    }

    @Test
    void exposedSeconds_oneBucket_hidesNothing() {
        BackwardProfile profile = BackwardProfile.of(RESNET50, 1e12);

        assertThat(profile.buckets()).hasSize(1);
        assertThat(profile.exposedSeconds(0.1, bytes -> 0.25)).isCloseTo(0.25, within(1e-12));
    }

    @Test
    void exposedSeconds_slowTransfers_hidesFromTheFirstBucketOn() {
        BackwardProfile profile = BackwardProfile.of(RESNET50, 4 << 20);
        double first = profile.buckets().get(0).readyAt();

        double exposed = profile.exposedSeconds(0.1, bytes -> 1);

        assertThat(exposed).isCloseTo(profile.buckets().size() + 0.1 * first - 0.1, within(1e-9));
    }
}
