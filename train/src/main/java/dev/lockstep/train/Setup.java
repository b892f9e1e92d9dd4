package dev.lockstep.train;

import dev.lockstep.collective.Collective;
import dev.lockstep.model.FlatState;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.model.LayerGroups;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.topology.Topology;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * The inputs of a training step.
 *
 * @param classifiers one replica per lane
 * @param bucketFloats see {@link GradientBuffer}
 */
record Setup(
        Recipe recipe,
        Topology topology,
        Collective collective,
        FlatState state,
        LayerGroups groups,
        int classes,
        List<ImageClassifier> classifiers,
        LaneThreads threads,
        long bucketFloats,
        BooleanSupplier stopRequested) {}
