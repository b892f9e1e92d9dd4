package dev.lockstep.train;

import dev.lockstep.collective.Collective;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeDifference;
import dev.lockstep.recipe.RecipeFile;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Compares the settings of all processes before they train: each may have been started by hand. Every
 * process finds the same difference and fails with the same message.
 */
final class ProcessComparison {
    private final Collective collective;

    ProcessComparison(Collective collective) {
        this.collective = collective;
    }

    /** @throws LockstepException naming the first process that differs from rank 0, and the difference */
    void compare(Recipe recipe, RunOptions options, String fingerprint) {
        if (collective.size() == 1) {
            return;
        }
        recipes(gather(recipe.toYaml()));
        options(gather(exchangeOptions(options)));
        fingerprints(gather(fingerprint));
    }

    private List<String> gather(String text) {
        return collective.allGather(text.getBytes(StandardCharsets.UTF_8)).stream()
                .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
                .toList();
    }

    private static void recipes(List<String> all) {
        for (int rank = 1; rank < all.size(); rank++) {
            List<String> differing = RecipeDifference.all(
                    RecipeFile.parse(all.get(0), "recipe of rank 0", Map.of()),
                    RecipeFile.parse(all.get(rank), "recipe of rank " + rank, Map.of()));
            if (!differing.isEmpty()) {
                throw LockstepException.recipe(
                        "processes have different recipes: " + String.join(", ", differing),
                        "rank = 0 (rank = " + rank + ")",
                        "start every process with the same recipe");
            }
        }
    }

    /**
     * The options that decide which messages are sent, one per line. If they differed, processes would wait for
     * messages that are never sent. The last is the kind of device: devices round differently.
     */
    private String exchangeOptions(RunOptions options) {
        return String.join(
                "\n",
                "collective = " + collective.kind(),
                "bucket = " + options.bucketFloats() * Float.BYTES + " bytes",
                "checkpoint-every = " + options.checkpointEvery(),
                "audit-every = " + options.auditEvery(),
                "stop-after = " + options.stopAfter(),
                "worker-split = " + options.workerSplit(),
                "skip-bad-images = " + options.skipBadImages(),
                "device = " + options.device().fingerprint());
    }

    private static void options(List<String> all) {
        String[] first = all.get(0).split("\n", -1);
        for (int rank = 1; rank < all.size(); rank++) {
            String[] other = all.get(rank).split("\n", -1);
            List<String> differing = new ArrayList<>();
            for (int i = 0; i < first.length; i++) {
                if (!first[i].equals(other[i])) {
                    differing.add(first[i] + " (" + other[i].substring(other[i].indexOf("= ") + 2) + ")");
                }
            }
            if (!differing.isEmpty()) {
                throw LockstepException.recipe(
                        "processes have different options: " + String.join(", ", differing),
                        "rank = 0 (rank = " + rank + ")",
                        "start every process with the same options");
            }
        }
    }

    private static void fingerprints(List<String> all) {
        for (int rank = 1; rank < all.size(); rank++) {
            if (!all.get(rank).equals(all.get(0))) {
                throw LockstepException.data(
                        "processes have different data",
                        "rank = " + rank + " has fingerprint = " + all.get(rank) + ", rank = 0 has " + all.get(0),
                        "give every machine the same copy of the dataset");
            }
        }
    }
}
