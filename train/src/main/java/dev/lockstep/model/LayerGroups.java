package dev.lockstep.model;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.model.ParameterLayout.NormSlot;
import dev.lockstep.model.ParameterLayout.Slot;
import dev.lockstep.network.LayerNames;
import dev.lockstep.recipe.Recipe;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * The layers of a network that a recipe treats differently when it fine-tunes: frozen ones, and those whose learning rate
 * has a factor. A layer's name includes all below it: {@code layer1} is also {@code layer1.0.conv1.weight}.
 */
public final class LayerGroups {
    /** Floats [from, to) of a flat buffer. */
    public record Range(long from, long to) {}

    /**
     * Consecutive parameters with the same learning rate.
     *
     * @param from where they start in the flat buffers, in floats
     * @param to where they end, with the gap after the last
     * @param factor of the learning rate
     */
    public record Run(long from, long to, double factor) {}

    private final ParameterLayout layout;
    private final List<String> frozen;
    private final Map<String, Double> factors;

    private LayerGroups(ParameterLayout layout, List<String> frozen, Map<String, Double> factors) {
        this.layout = layout;
        this.frozen = frozen;
        this.factors = factors;
    }

    /**
     * The groups of a recipe.
     *
     * @throws LockstepException of kind RECIPE when the network has no layer of a name, or all are frozen
     */
    public static LayerGroups of(Recipe recipe, ParameterLayout layout) {
        List<String> parameters = layout.stateNames().stream()
                .filter(name ->
                        layout.slots().stream().anyMatch(slot -> slot.name().equals(name)))
                .toList();
        LayerNames.require(recipe, parameters);
        return new LayerGroups(
                layout, recipe.model().frozen(), recipe.learningRate().factors());
    }

    /** Every layer is trained, at the same rate. */
    public static LayerGroups none(ParameterLayout layout) {
        return new LayerGroups(layout, List.of(), Map.of());
    }

    /** Whether a parameter keeps its initial value. */
    public boolean isFrozen(Slot slot) {
        return isFrozen(slot.name());
    }

    /** Whether a batch norm keeps its running statistics, and normalizes with them. */
    public boolean isFrozen(NormSlot norm) {
        return isFrozen(norm.name());
    }

    private boolean isFrozen(String name) {
        return frozen.stream().anyMatch(layer -> LayerNames.isWithin(name, layer));
    }

    /** What the learning rate of a parameter is multiplied by; the longest name that includes it decides. */
    public double factor(Slot slot) {
        return factors.entrySet().stream()
                .filter(factor -> LayerNames.isWithin(slot.name(), factor.getKey()))
                .max(Comparator.comparingInt(factor -> factor.getKey().length()))
                .map(Map.Entry::getValue)
                .orElse(1.0);
    }

    /**
     * The trained parameters in a piece of the flat buffers, in the order of their offsets. Without groups, the piece is
     * one run.
     *
     * @param from where the piece starts: at a parameter
     */
    public List<Run> runs(long from, long to) {
        if (frozen.isEmpty() && factors.isEmpty()) {
            return List.of(new Run(from, to, 1));
        }
        List<Slot> slots = layout.slots(from, to);
        List<Run> runs = new ArrayList<>();
        for (int i = 0; i < slots.size(); i++) {
            Slot slot = slots.get(i);
            long end = i + 1 < slots.size() ? slots.get(i + 1).offset() : to;
            Run last = runs.isEmpty() ? new Run(-1, -1, 1) : runs.get(runs.size() - 1);
            if (isFrozen(slot)) {
                continue;
            }
            if (last.to == slot.offset() && last.factor == factor(slot)) {
                runs.set(runs.size() - 1, new Run(last.from, end, last.factor));
            } else {
                runs.add(new Run(slot.offset(), end, factor(slot)));
            }
        }
        return runs;
    }

    /** The batch-norm statistics that change, as ranges of a buffer of statistics. */
    public List<Range> statistics() {
        if (frozen.isEmpty()) {
            return layout.statistics() == 0 ? List.of() : List.of(new Range(0, layout.statistics()));
        }
        return layout.norms().stream()
                .filter(norm -> !isFrozen(norm))
                .map(norm -> new Range(norm.offset(), norm.offset() + 2L * norm.channels()))
                .toList();
    }
}
