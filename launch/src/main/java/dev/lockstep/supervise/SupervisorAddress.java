package dev.lockstep.supervise;

import dev.lockstep.errors.LockstepException;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The address of a {@link Supervisor}, in the form {@code host:port}. */
public record SupervisorAddress(String host, int port) {
    /** The variable with which the launcher passes the address to its processes. */
    public static final String VARIABLE = "LOCKSTEP_SUPERVISOR";

    private static final Pattern FORM = Pattern.compile("([^\\s/]+):([0-9]{1,5})");
    private static final int LAST_PORT = 65_535;

    /** The supervisor that started this process, if one did. */
    public static Optional<SupervisorAddress> from(Map<String, String> environment) {
        String text = environment.getOrDefault(VARIABLE, "");
        return text.isEmpty() ? Optional.empty() : Optional.of(parse(text));
    }

    /** @throws LockstepException of kind RECIPE when the text is not an address */
    public static SupervisorAddress parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches() || Integer.parseInt(matcher.group(2)) > LAST_PORT) {
            throw LockstepException.recipe(
                    VARIABLE + " = " + text + " is not of the form host:port",
                    "environment of this process",
                    "unset it; only the launcher sets it");
        }
        return new SupervisorAddress(matcher.group(1), Integer.parseInt(matcher.group(2)));
    }

    /** Whether it is an address of this machine that no other machine can reach, judged by its text alone. */
    public boolean isLoopback() {
        return isLoopback(host);
    }

    /** Whether a host names this machine's loopback address, as {@code localhost} and {@code 127.0.0.1} do. */
    public static boolean isLoopback(String host) {
        return host.equals("localhost") || host.matches("127\\.[0-9.]+|::1|0:0:0:0:0:0:0:1");
    }

    @Override
    public String toString() {
        return host + ":" + port;
    }
}
