package dev.lockstep.plan;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.sampling.MinibatchPlan;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Runs every {@link RecipeCheck} on a recipe. */
public final class Checks {
    private Checks() {}

    /**
     * The findings of the checks, in the order of {@link RecipeCheck}; including suppressed findings.
     *
     * @param datasetSize training images
     * @throws LockstepException of kind RECIPE when the recipe suppresses an unknown check or gives no reason, or when the
     *     minibatch is larger than the dataset
     */
    public static List<Finding> run(Recipe recipe, int datasetSize) {
        return run(recipe, recipe.minibatchPlan(datasetSize));
    }

    /**
     * The same, for epochs that are already divided into minibatches.
     *
     * @param cut the minibatches of the recipe on its training set
     */
    public static List<Finding> run(Recipe recipe, MinibatchPlan cut) {
        recipe.suppress().forEach(Checks::requireKnown);
        RecipeFacts facts = RecipeFacts.of(recipe, cut);
        Map<String, String> suppress = recipe.suppress();
        return Arrays.stream(RecipeCheck.values())
                .flatMap(check -> check
                        .test(facts)
                        .map(warning -> new Finding(
                                check,
                                warning.sentence(),
                                warning.fix(),
                                Optional.ofNullable(suppress.get(check.code()))))
                        .stream())
                .toList();
    }

    /**
     * Turns warnings into an error, for strict mode.
     *
     * @throws LockstepException of kind RECIPE that names every finding that is not suppressed
     */
    public static void requireNoWarnings(List<Finding> findings) {
        List<Finding> warnings = findings.stream().filter(Finding::isWarning).toList();
        if (!warnings.isEmpty()) {
            throw LockstepException.recipe(
                    "strict mode: " + warnings.size() + (warnings.size() == 1 ? " check fails: " : " checks fail: ")
                            + warnings.stream().map(Finding::code).collect(Collectors.joining(", ")),
                    warnings.get(0).sentence(),
                    "fix the recipe or suppress a check with 'suppress: {"
                            + warnings.get(0).code() + ": reason}'");
        }
    }

    private static void requireKnown(String code, String reason) {
        List<String> known =
                Arrays.stream(RecipeCheck.values()).map(RecipeCheck::code).toList();
        if (!known.contains(code)) {
            throw LockstepException.recipe(
                    "suppress." + code + " is not a check", "", "use one of " + String.join(", ", known));
        }
        if (reason.isBlank()) {
            throw LockstepException.recipe(
                    "suppress." + code + " = ''", "", "write the reason why this check does not apply");
        }
    }
}
