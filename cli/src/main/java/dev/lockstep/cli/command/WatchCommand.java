package dev.lockstep.cli.command;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.metrics.Notifier;
import dev.lockstep.storage.Stores;
import dev.lockstep.watch.WatchServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lockstep watch}: pages about runs, while they go on and after. */
@Command(
        name = "watch",
        description = "Serves a page about runs, live or finished, and their numbers for Prometheus (/metrics).",
        footer = {
            "",
            "Examples:",
            "  lockstep watch runs",
            "  lockstep watch runs --notify https://chat.example/hook",
            "  lockstep watch runs --listen 0.0.0.0:8642",
            "It only reads. From another machine, prefer a tunnel: ssh -L 8642:localhost:8642 HOST"
        })
public final class WatchCommand implements Callable<Integer> {
    @Parameters(arity = "0..*", paramLabel = "RUNS", description = "Run folders, or folders of runs (default: runs).")
    private List<Path> roots = List.of();

    @Option(
            names = "--listen",
            paramLabel = "HOST:PORT",
            description =
                    "Where to listen. Everywhere but on this machine itself, the printed address has a token that a"
                            + " browser needs once (default: ${DEFAULT-VALUE}, or a free port).")
    private String listen = WatchAddress.USUAL;

    @Option(
            names = "--notify",
            paramLabel = "URL|COMMAND",
            description = "Also send alerts of all runs to this address, as JSON, or to this command.")
    private Optional<String> notify = Optional.empty();

    @Override
    public Integer call() throws InterruptedException {
        List<Path> folders = roots.isEmpty() ? List.of(Path.of("runs")) : roots;
        for (Path folder : folders) {
            Stores.requireLocal("RUNS", folder);
            if (!Files.isDirectory(folder)) {
                throw LockstepException.recipe(
                        "no such folder", "RUNS = " + folder, "give a run folder, or a folder with runs in it");
            }
        }
        try (WatchServer server = WatchAddress.of(listen).serve(folders)) {
            notify.ifPresent(target -> {
                Notifier notifier = Notifier.to(target, System.err::println);
                server.alerts(notifier::send);
            });
            System.err.println("Ctrl-C ends it; runs do not notice");
            System.out.println(server.url());
            System.out.flush();
            new CountDownLatch(1).await();
        }
        return 0;
    }
}
