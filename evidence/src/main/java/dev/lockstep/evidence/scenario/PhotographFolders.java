package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.Stage;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/** Class folders of pictures that Debian packages ship. */
final class PhotographFolders {
    private static final String PACKAGE = "tuxpaint-stamps-default";
    /** The package's folders that become classes. */
    private static final Map<String, String> CLASSES = Map.of(
            "animals/birds", "bird",
            "plants/flowers", "flower",
            "food/fruit", "fruit",
            "animals/mammals", "mammal",
            "food/vegetables", "vegetable");

    private static final int COLUMNS = 5;
    private static final int ROWS = 4;
    private static final int TILE = 128;

    private PhotographFolders() {}

    /** The stamps: drawings are in folders of their own and left out. */
    static void stamps(Stage stage, Path data) throws IOException, InterruptedException {
        String fetch = "cd \"$0\" && apt-get -qq download " + PACKAGE + " && dpkg-deb -x " + PACKAGE + "_*.deb package";
        stage.require(Command.of("sh", "-c", fetch, stage.path(".").toString()), "fetch.log");
        Path stamps = stage.path("package/usr/share/tuxpaint/stamps");
        for (Map.Entry<String, String> group : CLASSES.entrySet()) {
            Path from = stamps.resolve(group.getKey());
            Path target = Files.createDirectories(data.resolve(group.getValue()));
            for (Path file : files(from)) {
                String name = from.relativize(file).toString();
                if (name.endsWith(".png") && !file.toString().contains("cartoon")) {
                    Files.copy(file, target.resolve(name.replace('/', '-')));
                }
            }
        }
    }

    /** A class for each photograph of lomiri-wallpapers-16.04: its tiles, which do not overlap. */
    static void tiles(Stage stage, Path data) throws IOException, InterruptedException {
        for (String file : Photographs.find(stage)) {
            BufferedImage photograph = ImageIO.read(Path.of(file).toFile());
            String name = Path.of(file).getFileName().toString().replaceAll("_by_.*", "");
            Path target = Files.createDirectories(data.resolve(name));
            int side = Math.min(photograph.getWidth() / COLUMNS, photograph.getHeight() / ROWS);
            for (int tile = 0; tile < COLUMNS * ROWS; tile++) {
                BufferedImage part = part(photograph, side * (tile % COLUMNS), side * (tile / COLUMNS), side);
                ImageIO.write(part, "jpeg", target.resolve(tile + ".jpg").toFile());
            }
        }
    }

    private static BufferedImage part(BufferedImage from, int x, int y, int side) {
        BufferedImage part = new BufferedImage(TILE, TILE, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = part.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC);
        graphics.drawImage(from, 0, 0, TILE, TILE, x, y, x + side, y + side, null);
        graphics.dispose();
        return part;
    }

    /** In the order of their names. */
    static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).sorted().toList();
        }
    }
}
