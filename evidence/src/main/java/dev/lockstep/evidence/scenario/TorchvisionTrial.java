package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** A PyTorch script on the same photographs with the same split, with a rate that it looks for in the same way. */
final class TorchvisionTrial {
    static final List<Integer> SEEDS = List.of(1, 2, 3, 4, 5);

    private final Stage stage;
    private final Function<String[], Command> script;
    private final Path data;
    private final Path split;

    /** @param split a folder to make, which will have train and val */
    TorchvisionTrial(Stage stage, Function<String[], Command> script, Path data, Path split) {
        this.stage = stage;
        this.script = script;
        this.data = data;
        this.split = split;
    }

    /** Copies the photographs into two sets. @param answers images.csv of the validation set */
    void split(Path answers) throws IOException {
        Set<String> validation = Files.readAllLines(answers).stream()
                .skip(1)
                .map(line -> line.split(",", -1)[1].replaceAll("\"", ""))
                .map(file -> key(Path.of(file)))
                .collect(Collectors.toSet());
        int found = 0;
        for (Path file : PhotographFolders.files(data)) {
            boolean validates = validation.contains(key(file));
            found += validates ? 1 : 0;
            Path target = split.resolve(validates ? "val" : "train").resolve(data.relativize(file));
            Files.createDirectories(target.getParent());
            Files.copy(file, target);
        }
        if (found != validation.size()) {
            throw new IllegalStateException("found " + found + " of " + validation.size() + " validation images");
        }
    }

    /** Class folder and name. */
    private static String key(Path file) {
        return file.getName(file.getNameCount() - 2) + "/" + file.getFileName();
    }

    /** @param size side and minibatch */
    String rate(List<String> size) throws IOException, InterruptedException {
        return output("tune", size, List.of()).get(0);
    }

    /** In percent, by seed. */
    List<Double> errors(List<String> size, String epochs, String rate) throws IOException, InterruptedException {
        List<String> more = new ArrayList<>(List.of(epochs, rate));
        SEEDS.forEach(seed -> more.add(seed.toString()));
        return output("train", size, more).stream().map(Double::valueOf).toList();
    }

    private List<String> output(String command, List<String> size, List<String> more)
            throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of(command, split.toString()));
        words.addAll(size);
        words.addAll(more);
        Running running = stage.complete(
                script.apply(words.toArray(String[]::new)), split.getFileName() + "-" + command + ".log");
        running.log().lines().forEach(stage.report()::note);
        if (running.exitCode() != 0) {
            throw new IllegalStateException(running.log().lastLine());
        }
        return running.log().lines().stream()
                .filter(line -> line.matches("[0-9.e-]+"))
                .toList();
    }
}
