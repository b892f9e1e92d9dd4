package dev.lockstep.train;

import dev.lockstep.collective.Collective;
import dev.lockstep.collective.SoloCollective;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.metrics.BadImage;
import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.RunListener;
import dev.lockstep.metrics.StepMetrics;
import dev.lockstep.model.Models;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;

/** Small recipes on made-up data, and trainers for them: an epoch has 7 steps, a run 14. */
public final class TestRuns {
    public static final int STEPS_PER_EPOCH = 7;
    public static final int STEPS = 14;

    private static final String RECIPE = """
            name: small
            seed: 1
            epochs: 2
            workers: 6
            images-per-worker: 3
            data: {dataset: 'synthetic:images=130,validation=37,shape=3x8x8,classes=7'}
            model: {name: resnet8, width: 4}
            learning-rate:
              reference: 0.1
              reference-minibatch: 6
              warmup: {kind: gradual, epochs: 0.5}
              schedule: {kind: step, epochs: [1.5], factor: 0.1}
            optimizer: {weight-decay: 0.001}
            """;

    private TestRuns() {}

    /**
     * @param overrides keys and values in turn
     */
    public static Recipe recipe(String... overrides) {
        Map<String, String> map = new HashMap<>();
        for (int i = 0; i < overrides.length; i += 2) {
            map.put(overrides[i], overrides[i + 1]);
        }
        return RecipeFile.parse(RECIPE, "test", map);
    }

    public static OpenDataset data(Recipe recipe) {
        return Datasets.open(recipe.data(), Optional.empty());
    }

    /** The same data, and a call before each image of the validation set. */
    public static OpenDataset watchingValidation(OpenDataset data, IntConsumer onImage) {
        return new OpenDataset(
                data.spec(),
                data.training(),
                new Watched(data.validation(), onImage),
                data.trainingTransform(),
                data.evaluationTransform());
    }

    /** Tells of each image that is asked for, before it is given. */
    record Watched(Dataset to, IntConsumer onImage) implements Dataset {
        @Override
        public int size() {
            return to.size();
        }

        @Override
        public int label(int index) {
            return to.label(index);
        }

        @Override
        public ImageData image(int index) {
            onImage.accept(index);
            return to.image(index);
        }

        @Override
        public List<String> classNames() {
            return to.classNames();
        }

        @Override
        public String fingerprint() {
            return to.fingerprint();
        }
    }

    public static Assembly assembly(Recipe recipe, RunOptions options) {
        return assembly(recipe, new SoloCollective(), options, new StopSignal());
    }

    static Assembly assembly(Recipe recipe, Collective group, RunOptions options, StopSignal stop) {
        return new Assembly(recipe, Models::create, data(recipe), group, options, stop);
    }

    /** Remembers what the trainer tells. */
    static class Listener implements RunListener {
        final List<StepMetrics> steps = new ArrayList<>();
        final List<EpochMetrics> epochs = new ArrayList<>();
        final List<BadImage> bad = new ArrayList<>();
        final List<Long> audits = new ArrayList<>();
        int checkpoints;

        @Override
        public void on(Event event) {
            if (event instanceof Event.Step step) {
                onStep(step.metrics());
            } else if (event instanceof Event.Epoch epoch) {
                onEpoch(epoch.metrics());
            } else if (event instanceof Event.ImageReplaced replaced) {
                bad.add(replaced.image());
            } else if (event instanceof Event.Audit audit) {
                audits.add(audit.step());
            }
        }

        void onStep(StepMetrics step) {
            steps.add(step);
        }

        void onEpoch(EpochMetrics epoch) {
            epochs.add(epoch);
        }

        void save() {
            checkpoints++;
        }
    }
}
