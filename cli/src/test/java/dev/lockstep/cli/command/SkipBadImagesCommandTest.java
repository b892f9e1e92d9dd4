package dev.lockstep.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.cli.CapturedRun;
import dev.lockstep.metrics.RunResult;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code train} and {@code eval} on a folder with bad images. */
@Tag("slow")
public final class SkipBadImagesCommandTest {
    @TempDir
    Path folder;

    private String recipe;
    private String data;

    /** Six training images and three for validation in each of two classes; one file in each set is not an image. */
    @BeforeEach
    void write() throws IOException {
        for (String name : new String[] {"ant", "bee"}) {
            for (int i = 0; i < 6; i++) {
                write("train/" + name + "/" + i + ".png", image(i));
                write("val/" + name + "/" + i / 2 + ".png", image(i + 9));
            }
        }
        write("train/ant/2.png", new byte[7]);
        write("val/bee/1.png", new byte[0]);
        data = folder.toString();
        recipe = Files.writeString(folder.resolve("recipe.yaml"), """
                        name: photographs
                        epochs: 1
                        workers: 2
                        images-per-worker: 3
                        data: {dataset: imagefolder, image-size: 16}
                        model: {name: resnet8, width: 4}
                        """).toString();
    }

    private void write(String name, byte[] bytes) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, bytes);
    }

    public static byte[] image(int key) throws IOException {
        BufferedImage image = new BufferedImage(20 + key, 20, BufferedImage.TYPE_INT_RGB);
        for (int x = 0; x < image.getWidth(); x++) {
            image.setRGB(x, (x * (key + 1)) % 20, 0xFFFFFF - key * 4321);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image, "png", out);
        return out.toByteArray();
    }

    private CapturedRun train(String out, String... more) {
        String[] arguments = {
            "train", recipe, "--data", data, "--out", folder.resolve(out).toString()
        };
        return CapturedRun.of(
                Stream.concat(Arrays.stream(arguments), Arrays.stream(more)).toArray(String[]::new));
    }

    @Test
    void train_onABadImage_stopsWithALineThatNamesIt() {
        CapturedRun run = train("stopped");
        assertThat(run.exitCode()).isEqualTo(3);
        assertThat(run.err().lines().filter(line -> line.startsWith("error: ")))
                .singleElement()
                .asString()
                .contains("not a JPEG, PNG, WebP, BMP, GIF or TIFF file", "train/ant/2.png", "--skip-bad-images");
    }

    @Test
    void train_skippingBadImages_continuesAndReports() {
        CapturedRun run = train("skipped", "--skip-bad-images");
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains("2 bad images replaced");
        assertThat(run.err())
                .contains("bad training image replaced: not a JPEG, PNG, WebP, BMP, GIF or TIFF file, image = ")
                .contains("bad validation image replaced: image file is empty, image = ");
        assertThat(RunResult.read(folder.resolve("skipped")).badImages()).isEqualTo(2);
    }

    @Test
    void eval_badImage_stopsUnlessSkippingIsRequested() throws IOException {
        train("run", "--skip-bad-images");
        String run = folder.resolve("run").toString();
        CapturedRun stopped = CapturedRun.of("eval", run, "--data", data);
        assertThat(stopped.exitCode()).isEqualTo(3);
        assertThat(stopped.err()).startsWith("error: image file is empty").contains("val/bee/1.png");

        CapturedRun skipped = CapturedRun.of("eval", run, "--data", data, "--skip-bad-images", "--json");
        assertThat(skipped.exitCode()).isZero();
        JsonNode json = new ObjectMapper().readTree(skipped.out());
        assertThat(json.get("bad_images")).hasSize(1);
        assertThat(json.get("bad_images").get(0).asText()).contains("val/bee/1.png");
        assertThat(json.get("validation_loss").asDouble())
                .isEqualTo(RunResult.read(folder.resolve("run")).validationLoss());
        assertThat(CapturedRun.of("eval", run, "--data", data, "--skip-bad-images")
                        .out())
                .contains("6 validation images of imagefolder, 1 of them bad (replaced)");
    }
}
