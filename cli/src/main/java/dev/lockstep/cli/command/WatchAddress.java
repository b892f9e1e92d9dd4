package dev.lockstep.cli.command;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.watch.WatchServer;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where {@code lockstep watch} listens.
 *
 * @param given whether the user asked for it: then no other port will do
 */
record WatchAddress(String host, int port, boolean given) {
    static final String USUAL = "127.0.0.1:8642";

    private static final Pattern FORM = Pattern.compile("(\\[[^\\]]+\\]|[^:]+)(?::([0-9]{1,5}))?");
    private static final int LAST_PORT = 65_535;

    static WatchAddress of(String text) {
        Matcher form = FORM.matcher(text);
        int port = form.matches() && form.group(2) != null ? Integer.parseInt(form.group(2)) : 8642;
        if (!form.matches() || port > LAST_PORT) {
            throw LockstepException.recipe(
                    "--listen = " + text, "not of the form HOST:PORT", "give for example 0.0.0.0:8642");
        }
        return new WatchAddress(form.group(1).replaceAll("[\\[\\]]", ""), port, !text.equals(USUAL));
    }

    WatchServer serve(List<Path> roots) {
        try {
            return WatchServer.start(roots, host, port);
        } catch (LockstepException e) {
            if (given) {
                throw e;
            }
            return WatchServer.start(roots, host, 0);
        }
    }
}
