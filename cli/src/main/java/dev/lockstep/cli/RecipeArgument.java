package dev.lockstep.cli;

import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The RECIPE that a command takes, with {@code --set}. */
final class RecipeArgument {
    @Parameters(paramLabel = "RECIPE", description = "A recipe, such as recipes/fashion-mnist.yaml.")
    @SuppressWarnings("NullAway.Init")
    private Path file;

    @Option(
            names = "--set",
            paramLabel = "KEY.PATH=VALUE",
            description = "Sets a key of the recipe, such as workers=16 or learning-rate.warmup.kind=none; repeatable.")
    private Map<String, String> overrides = new LinkedHashMap<>();

    Recipe read() {
        return RecipeFile.read(file, overrides);
    }

    Path file() {
        return file;
    }
}
