package dev.lockstep.cli.command;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.watch.WatchServer;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The page of {@code train --watch}: ends with the run. */
final class WatchBeside implements AutoCloseable {
    private final @Nullable WatchServer server;

    private WatchBeside(@Nullable WatchServer server) {
        this.server = server;
    }

    /** @param wanted else nothing is started */
    static WatchBeside start(boolean wanted, Path runFolder) {
        if (!wanted) {
            return new WatchBeside(null);
        }
        try {
            WatchServer server = WatchAddress.of(WatchAddress.USUAL).serve(List.of(runFolder));
            System.err.println("watch " + server.url());
            return new WatchBeside(server);
        } catch (LockstepException e) {
            System.err.println("warning: " + e.getMessage() + "; training goes on without its page");
            return new WatchBeside(null);
        }
    }

    @Override
    public void close() {
        if (server != null) {
            server.close();
        }
    }
}
