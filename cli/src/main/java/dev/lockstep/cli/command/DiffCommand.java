package dev.lockstep.cli.command;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeDifference;
import dev.lockstep.report.RunDifference;
import dev.lockstep.report.RunFolders;
import dev.lockstep.text.Json;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lockstep diff}: where two runs part. */
@Command(
        name = "diff",
        description = "Compares two runs: the recipe keys that differ, and the first step and tensor where they part.",
        footer = {"", "Example:", "  lockstep diff runs/one runs/other"})
public final class DiffCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "A", description = "A run folder.")
    @SuppressWarnings("NullAway.Init")
    private Path first;

    @Parameters(index = "1", paramLabel = "B", description = "Another one.")
    @SuppressWarnings("NullAway.Init")
    private Path second;

    @Option(names = "--json", description = "Print one JSON document.")
    private boolean json;

    private record Difference(List<String> recipeKeys, RunDifference runs) {}

    @Override
    public Integer call() {
        for (Path run : List.of(first, second)) {
            if (!RunFolders.isRun(run)) {
                throw LockstepException.recipe("no run", "folder = " + run, "give the folder of a run");
            }
        }
        List<String> keys = RecipeDifference.all(
                Recipe.read(first.resolve("recipe.yaml")), Recipe.read(second.resolve("recipe.yaml")));
        RunDifference difference = RunDifference.of(first, second);
        if (json) {
            System.out.println(Json.pretty(new Difference(keys, difference)));
            return 0;
        }
        keys.forEach(System.out::println);
        System.out.println(difference.sentence());
        return 0;
    }
}
