package dev.lockstep.cli.command;

import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.RunInfo;
import dev.lockstep.metrics.RunListener;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.text.Format;
import java.util.function.Consumer;

/**
 * Suggests {@code lockstep tune}, once, to a run that has learned little after its first epochs: the warmup and at least
 * two epochs and 60 iterations are over, and the training error is still above three quarters of that of guessing.
 */
final class TuneHint implements RunListener {
    private static final int EPOCHS = 2;
    private static final int ITERATIONS = 60;
    private static final double HIGH = 0.75;

    private final Recipe recipe;
    private final double guessing;
    private final String command;
    private final Consumer<String> notices;
    private boolean said;

    /** @param command that tunes this recipe */
    TuneHint(RunInfo run, int classes, String command, Consumer<String> notices) {
        this.recipe = run.recipe();
        this.guessing = 1 - 1.0 / classes;
        this.command = command;
        this.notices = notices;
    }

    @Override
    public void on(Event event) {
        if (!said && event instanceof Event.Epoch epoch && isLow(epoch.metrics())) {
            said = true;
            notices.accept("hint: the network has learned little (guessing is wrong in " + Format.error(guessing)
                    + "): '" + command + "' looks for a better learning rate");
        }
    }

    private double warmupEpochs() {
        boolean warmsUp = recipe.scaledLearningRate() > recipe.learningRate().reference()
                && recipe.learningRate().warmup().kind() != Recipe.WarmupKind.NONE;
        return warmsUp ? recipe.learningRate().warmup().epochs() : 0;
    }

    private boolean isLow(EpochMetrics epoch) {
        int done = epoch.epoch() + 1;
        return done >= EPOCHS
                && done > warmupEpochs()
                && epoch.step() >= ITERATIONS
                && epoch.trainTop1Error() > HIGH * guessing;
    }
}
