package dev.lockstep.study;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.report.Environment;
import dev.lockstep.report.MetricsFile;
import dev.lockstep.report.RunResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Finished runs that other studies have left. What a run ends with is a function of its recipe and the data, so a recipe
 * that differs in its name alone need not be trained again.
 */
final class EarlierRuns {
    /** Below a study's folder: runs, variant, seed, file. */
    private static final int DEPTH = 4;

    private final Map<Recipe, Path> folders = new HashMap<>();

    /**
     * @param places folders of studies or of runs
     * @throws LockstepException of kind RECIPE when one cannot be read
     */
    EarlierRuns(List<Path> places) {
        places.forEach(this::search);
    }

    private void search(Path place) {
        try (Stream<Path> files = Files.walk(place, DEPTH)) {
            files.filter(file -> file.endsWith(RunResult.NAME))
                    .map(file -> file.resolveSibling(""))
                    .sorted()
                    .filter(folder -> RunResult.read(folder).status() != RunResult.Status.INTERRUPTED)
                    .forEach(folder -> folders.putIfAbsent(
                            nameless(Recipe.read(folder.resolve(RunFolder.RECIPE))), folder));
        } catch (IOException | UncheckedIOException e) {
            throw LockstepException.recipe(
                    "cannot look for runs: " + e, "--reuse " + place, "give the folder of a study or of a run");
        }
    }

    private static Recipe nameless(Recipe recipe) {
        return recipe.with(Map.of("name", "any"));
    }

    /** The folder of a finished run of the same recipe. */
    Optional<Path> of(StudyRun run) {
        return Optional.ofNullable(folders.get(nameless(run.recipe())));
    }

    /**
     * Copies what the study reads of an equal run: metrics, environment and, last, the result. Checkpoints stay where they
     * are.
     *
     * @return where it came from; empty when there is none
     */
    Optional<Path> copy(StudyRun run) throws IOException {
        Optional<Path> from = of(run);
        if (from.isPresent()) {
            Path to = Files.createDirectories(run.folder());
            for (String name : List.of(MetricsFile.NAME, Environment.NAME)) {
                if (Files.exists(from.get().resolve(name))) {
                    Files.copy(from.get().resolve(name), to.resolve(name), StandardCopyOption.REPLACE_EXISTING);
                }
            }
            Files.writeString(to.resolve(RunFolder.RECIPE), run.recipe().toYaml());
            RunResult.read(from.get()).write(to);
        }
        return from;
    }
}
