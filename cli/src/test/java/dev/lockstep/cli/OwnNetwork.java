package dev.lockstep.cli;

import dev.lockstep.image.ImageShape;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.model.TorchNetwork;
import dev.lockstep.recipe.Recipe;
import java.util.List;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Conv2dOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/** A user's network: on the class path, and in no list of ours. */
public final class OwnNetwork implements TorchNetwork {
    @Override
    public List<String> names() {
        return List.of("own-network");
    }

    @Override
    public ImageClassifier create(Recipe.Model settings, ImageShape input, int classes) {
        return new Net(input.channels(), classes);
    }

    private static final class Net extends Module implements ImageClassifier {
        private final Conv2dImpl conv;
        private final BatchNorm2dImpl norm = register_module("norm", new BatchNorm2dImpl(new BatchNormOptions(4)));
        private final LinearImpl head;

        Net(int channels, int classes) {
            conv = register_module("conv", new Conv2dImpl(new Conv2dOptions(channels, 4, new LongPointer(3, 3))));
            head = register_module("head", new LinearImpl(4, classes));
        }

        @Override
        public Tensor forward(Tensor images) {
            return head.forward(norm.forward(conv.forward(images)).relu().mean(2, 3));
        }
    }
}
