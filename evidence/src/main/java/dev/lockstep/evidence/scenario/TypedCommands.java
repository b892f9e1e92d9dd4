package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Await;
import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Signal;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;

/**
 * Every command line of the documents that can run on one machine, as it stands there, page by page and from top to bottom, in
 * a folder with what a clone has. A run that takes longer than a reader would wait here is told to stop, and must have saved.
 */
final class TypedCommands {
    private static final int STOPPED_AFTER_MILLIS = 60_000;
    /** The photographs' runs end by themselves. */
    private static final int LONGEST_MILLIS = 1_200_000;

    private static final int TOLD = 143;

    private static final Pattern BLOCK =
            Pattern.compile("(?ms)(?:^Save this as `([^`]+)`:\\s+)?^```(sh|yaml)\\n(.*?)^```");
    private static final Pattern LOCKSTEP = Pattern.compile("(?:^|\\s)(?:\\./)?lockstep ");

    /** Pages in the order in which a reader meets them; each has a folder of its own. */
    private static final List<String> PAGES = List.of(
            "README.md",
            "docs/getting-started.md",
            "docs/photographs.md",
            "docs/guide.md",
            "docs/engines.md",
            "docs/watching.md");

    /** What these need is elsewhere; so is their proof. */
    private static final Map<String, String> ELSEWHERE = elsewhere();

    private final Stage stage;

    private TypedCommands(Stage stage) {
        this.stage = stage;
    }

    private static Map<String, String> elsewhere() {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("RANK=", "two of them at a time: evidence/run hosted");
        all.put("imagenet|runs/8k", "ImageNet: evidence/run imagenet");
        all.put("https?://|mail ", "the address of somebody else: evidence/run alerts");
        all.put("\\bDIR\\b|PIXELS", "a folder of one's own: DataCommandTest");
        all.put("engine=onednn", "the module onednn: evidence/run engines");
        all.put("studies/table", "days: studies/results");
        return all;
    }

    static void play(Stage stage, Settings settings) throws Exception {
        TypedCommands typed = new TypedCommands(stage);
        for (String page : PAGES) {
            typed.play(page);
        }
    }

    private void play(String page) throws IOException, InterruptedException {
        Path folder = Files.createDirectory(stage.path(page.replaceAll("[^a-z]+", "-")));
        Path home = stage.checkout().home();
        for (String name : List.of("lockstep", "recipes", "studies")) {
            Files.createSymbolicLink(folder.resolve(name), home.resolve(name));
        }
        if (page.contains("getting-started") || page.contains("photographs")) {
            Path photos = folder.resolve("photos");
            PhotographFolders.stamps(stage, photos);
            BufferedImage bird = ImageIO.read(
                    PhotographFolders.files(photos.resolve("bird")).get(0).toFile());
            BufferedImage crow = new BufferedImage(bird.getWidth(), bird.getHeight(), BufferedImage.TYPE_INT_RGB);
            crow.createGraphics().drawImage(bird, 0, 0, null);
            ImageIO.write(crow, "jpeg", photos.resolve("bird/crow.jpg").toFile());
        }
        Set<String> done = new LinkedHashSet<>();
        for (MatchResult block :
                BLOCK.matcher(Files.readString(home.resolve(page))).results().toList()) {
            if (block.group(2).equals("yaml")) {
                if (block.group(1) != null) {
                    Files.writeString(folder.resolve(block.group(1)), block.group(3));
                }
            } else if (block.group(3).startsWith("for ")) {
                stage.require(shell(folder, block.group(3)), "loop.log");
            } else {
                for (String line : lines(block.group(3))) {
                    if (done.add(line)) {
                        line(page, folder, line);
                    }
                }
            }
        }
    }

    /** The lines of a block that call Lockstep, without comments. */
    private static List<String> lines(String block) {
        List<String> lines = new ArrayList<>();
        block.replaceAll("\\\\\n\\s*", "")
                .lines()
                .map(line -> line.replaceFirst("(?<=\\s)#.*", "").strip())
                .filter(line -> LOCKSTEP.matcher(line).find())
                .forEach(lines::add);
        return lines;
    }

    /** With the launcher where {@code export PATH=$PWD:$PATH} puts it. */
    private Command shell(Path folder, String script) {
        String path = stage.checkout().home() + ":" + System.getenv("PATH");
        return Command.of("sh", "-c", script).in(folder).env("PATH", path).env("LC_ALL", "C.UTF-8");
    }

    private void line(String page, Path folder, String line) {
        Optional<String> why = ELSEWHERE.entrySet().stream()
                .filter(each -> Pattern.compile(each.getKey()).matcher(line).find())
                .map(Map.Entry::getValue)
                .findFirst();
        if (why.isPresent()) {
            stage.report().skip("`" + line + "`", why.get());
            return;
        }
        stage.check(page + ": `" + line + "`", "exit code 0, or saved and stopped when told", claims -> {
            String log = page.replaceAll("[^a-z]+", "-") + line.replaceAll("[^A-Za-z0-9]+", "-") + ".log";
            Running running = stage.start(shell(folder, "exec " + line), log);
            if (line.contains("lockstep watch")) {
                serves(claims, running);
            } else {
                ends(claims, running, page.contains("guide") || page.contains("README") || page.contains("engines"));
            }
        });
    }

    /** @param isLong whether a training takes longer than the scenario waits */
    private static void ends(Case claims, Running running, boolean isLong) throws InterruptedException {
        long begun = System.nanoTime();
        boolean ended = Await.within(isLong ? STOPPED_AFTER_MILLIS : LONGEST_MILLIS, () -> !running.isAlive());
        if (!ended && saves(running)) {
            running.signal(Signal.TERM);
            claims.claim(
                    running.exitCode() == TOLD,
                    "exit code " + running.exitCode() + ": " + running.log().lastLine());
            claims.claim(
                    running.log().says("saved|stopped"),
                    "not saved: " + running.log().lastLine());
            claims.figure("told to stop", "yes");
        } else {
            claims.claim(
                    running.exitCode() == 0,
                    "exit code " + running.exitCode() + ": " + running.log().lastLine());
        }
        claims.figure("s", Math.round((System.nanoTime() - begun) * 1e-9));
    }

    /** Whether it trains, and can be told to stop; what verifies or measures is waited for. */
    private static boolean saves(Running running) {
        return running.log().says("^minibatch |^run [0-9]+ of|epoch ");
    }

    private static void serves(Case claims, Running running) throws IOException, InterruptedException {
        Pattern address = Pattern.compile("http://[0-9.]+:[0-9]+/");
        claims.claim(Await.within(60_000, () -> running.log().says(address.pattern())), "no address");
        Matcher found = address.matcher(String.join("\n", running.log().lines()));
        claims.claim(found.find() && PageServer.get(found.group()).contains("<html"), "no page");
        running.signal(Signal.TERM);
        claims.claim(running.exitCode() == TOLD, "exit code " + running.exitCode());
    }
}
