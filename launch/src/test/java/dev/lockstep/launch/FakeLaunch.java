package dev.lockstep.launch;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A launcher in a process of its own, so that signals can be sent to it: processes, logs, then the workers' arguments. */
final class FakeLaunch {
    private FakeLaunch() {}

    public static void main(String[] arguments) {
        int code = new LocalLauncher(FakeWorker.class.getName(), () -> {}, System.out, System.err)
                .run(
                        Integer.parseInt(arguments[0]),
                        () -> List.of(arguments).subList(2, arguments.length),
                        Path.of(arguments[1]),
                        Duration.ofSeconds(60),
                        0);
        System.out.flush();
        Runtime.getRuntime().halt(code);
    }
}
