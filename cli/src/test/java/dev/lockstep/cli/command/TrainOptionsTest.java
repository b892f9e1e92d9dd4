package dev.lockstep.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cli.CapturedRun;
import dev.lockstep.collective.Collective;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.torch.Device;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

final class TrainOptionsTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({"--stop-after, -2, 0", "--procs, 0, 1", "--peer-timeout, 0, 1", "--max-restarts, -1, 0"})
    void tooSmallValue_isAUsageErrorThatSaysWhatToGive(String option, String value, String least) throws IOException {
        CapturedRun run =
                CapturedRun.of("train", TinyStudy.endlessRecipe(folder).toString(), option + "=" + value);
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err())
                .isEqualTo("error: " + option + " = " + value + " is too small, give at least " + least + "\n");
    }

    @Test
    void cacheWithoutASize_isAUsageError() throws IOException {
        CapturedRun run =
                CapturedRun.of("train", TinyStudy.endlessRecipe(folder).toString(), "--data-cache", "much");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err())
                .isEqualTo("error: not a size, --data-cache = much, write, for example, 200GiB, or 0 for no copies\n");
    }

    @Test
    void bucketsOfNothing_areAUsageError() throws IOException {
        CapturedRun run =
                CapturedRun.of("train", TinyStudy.endlessRecipe(folder).toString(), "--bucket-mb", "0");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err())
                .isEqualTo("error: --bucket-mb = 0.0 is out of range, give more than 0 and at most 4096\n");
    }

    private static int lanes(int processesHere) {
        Recipe recipe = RecipeFile.parse(
                "{name: x, epochs: 1, workers: 4096, data: {dataset: 'synthetic:images=100'}, model: {name: resnet8}}",
                "test",
                Map.of());
        Map<String, Object> place = Map.of("rank", 1, "size", 4, "processesHere", processesHere);
        Collective group = (Collective) Proxy.newProxyInstance(
                Collective.class.getClassLoader(),
                new Class<?>[] {Collective.class},
                (proxy, method, arguments) -> Objects.requireNonNull(place.get(method.getName()), method.getName()));
        return CommandLine.populateCommand(new TrainOptions())
                .runOptions(recipe, group, Device.cpu())
                .lanes();
    }

    /** As many as have joined from there, whatever the launcher says or leaves out. */
    @Test
    void lanes_areTheCoresByTheProcessesOfTheMachine() {
        int cores = Runtime.getRuntime().availableProcessors();
        assertThat(lanes(1)).isEqualTo(cores);
        assertThat(lanes(2)).isEqualTo(Math.max(1, cores / 2));
    }
}
