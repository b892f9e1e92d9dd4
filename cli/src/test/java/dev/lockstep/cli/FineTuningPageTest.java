package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the commands of docs/fine-tuning.md in their order, on small images and with a narrow network. */
@Tag("slow")
final class FineTuningPageTest {
    private static final Path PAGE = Path.of("../docs/fine-tuning.md");
    private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");
    /** What the page's commands name in the current folder. */
    private static final List<String> FILES =
            List.of("flowers.yaml", "data", "data/val", "resnet18.pth", "flowers.pth", "mistakes");

    @TempDir
    private Path folder;

    private static List<String> blocks(String kind) throws IOException {
        return Pattern.compile("(?ms)^```" + kind + "\n(.*?)^```")
                .matcher(Files.readString(PAGE))
                .results()
                .map(block -> block.group(1))
                .toList();
    }

    private String[] words(String command) {
        List<String> words = new ArrayList<>();
        for (Matcher word = WORD.matcher(command); word.find(); ) {
            String text = word.group(1) != null ? word.group(1) : word.group(2);
            // The second word is a command, perhaps 'data'.
            boolean here = words.size() > 1 && (FILES.contains(text) || text.startsWith("runs/"));
            words.add(here ? folder.resolve(text).toString() : text);
        }
        assertThat(words.remove(0)).isEqualTo("lockstep");
        return words.toArray(String[]::new);
    }

    /** Images of a class have its brightness, with noise. */
    private static void images(Path at, List<String> classes, int each) throws IOException {
        Random random = new Random(1);
        for (String set : List.of("train", "val")) {
            for (int label = 0; label < classes.size(); label++) {
                Path of = Files.createDirectories(at.resolve(set).resolve(classes.get(label)));
                for (int i = 0; i < each; i++) {
                    BufferedImage image = new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB);
                    for (int pixel = 0; pixel < 256; pixel++) {
                        image.setRGB(pixel % 16, pixel / 16, (label * 60 + random.nextInt(60)) * 0x10101);
                    }
                    ImageIO.write(image, "png", of.resolve(i + ".png").toFile());
                }
            }
        }
    }

    private Path recipe(String name) throws IOException {
        String text = blocks("yaml").get(0).replace("name: resnet18", "{name: resnet18, width: 4}");
        text = text.replace("model:\n  {", "model: {").replace("image-size: 224", "image-size: 32");
        return Files.writeString(folder.resolve(name), text.replace("epochs: 20", "epochs: 2"));
    }

    @Test
    void everyCommand_ofThePage_works() throws IOException {
        images(folder.resolve("many"), List.of("a", "b", "c", "d"), 8);
        images(folder.resolve("data"), List.of("rose", "tulip", "daisy"), 8);
        Path recipe = recipe("flowers.yaml");
        Path body = folder.resolve("body");
        assertThat(CapturedRun.of(
                                "train",
                                recipe.toString(),
                                "--data",
                                folder.resolve("many").toString(),
                                "--out",
                                body.toString())
                        .exitCode())
                .isZero();
        assertThat(CapturedRun.of(
                                "export",
                                body.toString(),
                                "--out",
                                folder.resolve("resnet18.pth").toString())
                        .exitCode())
                .isZero();

        List<String> commands = blocks("sh").stream().flatMap(String::lines).toList();
        assertThat(commands).hasSize(9);
        for (String command : commands) {
            String shorter = command.contains(" tune ") ? " --steps 60 --rates 2 --from 0.02 --to 0.1" : "";
            CapturedRun run = CapturedRun.of(words(command + shorter));
            assertThat(run.exitCode()).as(command + "\n" + run.err()).isZero();
        }
        String written = Files.readString(folder.resolve("runs/flowers/recipe.yaml"));
        assertThat(written).containsPattern("weights: \"sha256:[0-9a-f]{64}\"\n  new-head: true\n");
        assertThat(folder.resolve("mistakes/mistakes.png")).exists();
        assertThat(Files.readString(folder.resolve("runs/head/recipe.yaml"))).contains("frozen: [conv1, bn1,");
    }
}
