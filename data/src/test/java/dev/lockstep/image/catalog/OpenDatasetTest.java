package dev.lockstep.image.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.ImageShape;
import dev.lockstep.image.Normalization;
import dev.lockstep.image.format.SyntheticDataset;
import dev.lockstep.image.transform.PhotographTransform;
import dev.lockstep.image.transform.SmallImageTransform;
import java.util.List;
import org.junit.jupiter.api.Test;

final class OpenDatasetTest {
    private static final ImageShape SHAPE = new ImageShape(3, 16, 16);
    private static final SmallImageTransform TRANSFORM =
            new SmallImageTransform(SHAPE, SHAPE, Normalization.IMAGENET, false);

    private static Dataset set(int size, int classes) {
        return new SyntheticDataset("set", size, SHAPE, classes);
    }

    private static final class Empty implements Dataset {
        @Override
        public int size() {
            return 0;
        }

        @Override
        public int label(int index) {
            throw new IndexOutOfBoundsException(index);
        }

        @Override
        public ImageData image(int index) {
            throw new IndexOutOfBoundsException(index);
        }

        @Override
        public List<String> classNames() {
            return set(1, 5).classNames();
        }

        @Override
        public String fingerprint() {
            return "empty";
        }
    }

    private static OpenDataset of(Dataset training, Dataset validation) {
        return OpenDataset.of("mine", training, validation, TRANSFORM, TRANSFORM, Normalization.IMAGENET);
    }

    @Test
    void of_setsAndTransforms_countsThem() {
        OpenDataset data = of(set(40, 5), set(10, 5));
        assertThat(data.classes()).isEqualTo(5);
        assertThat(data.shape()).isEqualTo(SHAPE);
        assertThat(data.spec().name()).isEqualTo("mine");
        assertThat(data.spec().trainingImages()).hasValue(40);
        assertThat(data.spec().validationImages()).hasValue(10);
        assertThat(data.spec().classNames()).isEqualTo(data.training().classNames());
    }

    @Test
    void of_whatDoesNotFit_isRefused() {
        fails(() -> of(set(40, 5), new Empty()), "a set is empty, dataset = mine, training images = 40, validation");
        fails(() -> of(set(40, 5), set(10, 4)), "the sets have other classes");
        PhotographTransform other = PhotographTransform.evaluation(32, Normalization.IMAGENET);
        fails(
                () -> OpenDataset.of("mine", set(40, 5), set(10, 5), TRANSFORM, other, Normalization.IMAGENET),
                "the transforms give other shapes");
    }

    /** Turned photographs are other data. */
    @Test
    void fingerprint_tellsUprightPhotographsFromStoredOnes() {
        PhotographTransform stored = PhotographTransform.evaluation(32, Normalization.IMAGENET);
        OpenDataset one = OpenDataset.of("mine", set(40, 5), set(10, 5), stored, stored, Normalization.IMAGENET);
        OpenDataset two = OpenDataset.of(
                "mine", set(40, 5), set(10, 5), stored.upright(), stored.upright(), Normalization.IMAGENET);
        assertThat(two.fingerprint()).isNotEqualTo(one.fingerprint());
    }

    private static void fails(org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(LockstepException.class).hasMessageContaining(message);
    }
}
