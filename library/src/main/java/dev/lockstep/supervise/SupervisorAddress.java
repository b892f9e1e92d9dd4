package dev.lockstep.supervise;

import dev.lockstep.errors.LockstepException;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a {@link Supervisor} listens, in the form {@code host:port/token}.
 *
 * @param token proves that a process belongs to the group, so that no other program of the machine can disturb it
 */
public record SupervisorAddress(String host, int port, String token) {
    /** The variable in which the launcher tells its processes the address. */
    public static final String VARIABLE = "LOCKSTEP_SUPERVISOR";

    private static final Pattern FORM = Pattern.compile("(.+):([0-9]{1,5})/([0-9a-f]+)");

    /** The supervisor that started this process, if one did. */
    public static Optional<SupervisorAddress> from(Map<String, String> environment) {
        String text = environment.getOrDefault(VARIABLE, "");
        return text.isEmpty() ? Optional.empty() : Optional.of(parse(text));
    }

    public static SupervisorAddress parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw LockstepException.recipe(
                    VARIABLE + " = " + text + " is not of the form host:port/token",
                    "environment of this process",
                    "unset it; only the launcher sets it");
        }
        return new SupervisorAddress(matcher.group(1), Integer.parseInt(matcher.group(2)), matcher.group(3));
    }

    @Override
    public String toString() {
        return host + ":" + port + "/" + token;
    }
}
