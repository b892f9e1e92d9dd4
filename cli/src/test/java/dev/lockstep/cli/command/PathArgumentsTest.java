package dev.lockstep.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cli.CapturedRun;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every argument that is a path refuses a URI that nothing can open, before anything is read or written. */
final class PathArgumentsTest {
    private static final String RECIPE = "../recipes/fashion-mnist.yaml";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "train URI",
                "train RECIPE --out URI",
                "train RECIPE --data URI",
                "train RECIPE --weights URI",
                "train RECIPE --resume URI",
                "plan URI",
                "plan RECIPE --measured URI",
                "tune RECIPE --data URI",
                "verify RECIPE --data URI",
                "eval URI",
                "eval --weights URI --recipe RECIPE",
                "eval x.safetensors --recipe URI",
                "predict URI image.png",
                "predict x.safetensors URI",
                "export URI --out x.pt",
                "export x.safetensors --out URI",
                "study URI",
                "study ../studies/quick.yaml --out URI",
                "study ../studies/quick.yaml --reuse URI",
                "report URI --out x.html",
                "report runs/x --out URI",
                "report runs/x --out x.html --plots URI",
                "data inspect RECIPE --sheet URI",
                "data order RECIPE --data URI",
                "data pack URI --out x",
                "data pack x --out URI",
                "data fetch fashion-mnist --data URI"
            })
    void uriOfAnotherScheme_isRefusedAtOnce(String line) {
        CapturedRun run = CapturedRun.of(
                line.replace("URI", "ftp://host/a").replace("RECIPE", RECIPE).split(" "));
        assertThat(run.exitCode()).as(run.err()).isEqualTo(2);
        assertThat(run.err())
                .startsWith("error: ")
                .hasLineCount(1)
                .contains("cannot open paths of this kind: scheme = ftp, path = ftp://host/a, give a path of this");
        assertThat(Path.of("ftp:")).doesNotExist();
    }

    @Test
    void fileUri_isThePath(@TempDir Path folder) throws Exception {
        Path recipe = Files.copy(Path.of(RECIPE), folder.resolve("a recipe.yaml"));
        CapturedRun run = CapturedRun.of("plan", recipe.toUri().toString());
        assertThat(run.exitCode()).as(run.err()).isZero();
    }
}
