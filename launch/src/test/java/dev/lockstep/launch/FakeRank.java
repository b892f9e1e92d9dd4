package dev.lockstep.launch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A process of a machine's group that joins nothing: a folder, then what to do: end, wait, fail or die. */
final class FakeRank {
    private static final int DAMAGED_DATA = 3;

    private FakeRank() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        ParentWatch.startIfAsked();
        String place = Stream.of(
                        "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "GIVEN")
                .map(name -> String.valueOf(System.getenv(name)))
                .collect(Collectors.joining(" "));
        boolean second = "1".equals(System.getenv("RANK"));
        Path file = Path.of(arguments[0], System.getenv("RANK"));
        Files.move(Files.writeString(Path.of(file + ".new"), place), file);
        switch (arguments[1]) {
            case "fail" -> {
                if (second) {
                    Runtime.getRuntime().halt(DAMAGED_DATA);
                }
                Thread.sleep(60_000);
            }
            case "die" -> {
                if (second) {
                    new ProcessBuilder(
                                    "kill",
                                    "-9",
                                    Long.toString(ProcessHandle.current().pid()))
                            .start()
                            .waitFor();
                }
            }
            case "wait" -> Thread.sleep(60_000);
            default -> {}
        }
    }
}
