package dev.lockstep.launch;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.supervise.GroupSecret;
import dev.lockstep.supervise.Place;
import dev.lockstep.supervise.SupervisorAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The place of this process in its group, as torchrun and our own launcher describe it in the environment.
 *
 * @param rank 0 … size − 1
 * @param size P
 * @param masterAddress where rank 0 listens: a host name or an address
 * @param masterPort where rank 0 listens; 0 when rank 0 is to choose a free port and pass it to the others
 */
public record GroupEnvironment(int rank, int size, String masterAddress, int masterPort) {
    public static final String RANK = "RANK";
    public static final String WORLD_SIZE = "WORLD_SIZE";
    public static final String MASTER_ADDR = "MASTER_ADDR";
    public static final String MASTER_PORT = "MASTER_PORT";

    private static final List<String> NAMES = List.of(RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT);
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");

    /** Empty when no variable is set. */
    public static Optional<GroupEnvironment> from(Map<String, String> environment) {
        List<String> missing = new ArrayList<>(NAMES);
        missing.removeIf(environment::containsKey);
        if (missing.size() == NAMES.size()) {
            return Optional.empty();
        }
        if (!missing.isEmpty()) {
            throw incomplete(environment, missing);
        }
        int size = number(environment, WORLD_SIZE, 1, Place.MOST);
        return Optional.of(new GroupEnvironment(
                number(environment, RANK, 0, size - 1),
                size,
                address(environment),
                number(environment, MASTER_PORT, 0, 65_535)));
    }

    /**
     * The variables that place a process into a group on this machine, for the launcher that starts it.
     *
     * @param secret the file with the group's secret
     */
    public static Map<String, String> local(int rank, int size, SupervisorAddress supervisor, Path secret) {
        return Map.of(
                RANK,
                Integer.toString(rank),
                WORLD_SIZE,
                Integer.toString(size),
                MASTER_ADDR,
                "127.0.0.1",
                MASTER_PORT,
                "0",
                SupervisorAddress.VARIABLE,
                supervisor.toString(),
                GroupSecret.VARIABLE,
                secret.toString());
    }

    private static LockstepException incomplete(Map<String, String> environment, List<String> missing) {
        String present =
                NAMES.stream().filter(environment::containsKey).findFirst().orElseThrow();
        return LockstepException.recipe(
                present + " = " + environment.get(present) + " is set but " + String.join(", ", missing)
                        + (missing.size() == 1 ? " is not" : " are not"),
                "environment of this process",
                "set all of " + String.join(", ", NAMES) + " to join a group, or none to run alone");
    }

    private static String address(Map<String, String> environment) {
        String address = environment.getOrDefault(MASTER_ADDR, "").strip();
        if (address.isEmpty()) {
            throw invalid(MASTER_ADDR, "", "the host name or the address of rank 0");
        }
        return address;
    }

    private static int number(Map<String, String> environment, String name, int least, int most) {
        String text = environment.getOrDefault(name, "").strip();
        if (NUMBER.matcher(text).matches()) {
            int value = Integer.parseInt(text);
            if (value >= least && value <= most) {
                return value;
            }
        }
        throw invalid(name, text, "a whole number from " + least + " to " + most);
    }

    private static LockstepException invalid(String name, String value, String allowed) {
        return LockstepException.recipe(
                name + " = " + value + " is not " + allowed,
                "environment of this process",
                "correct it, or unset " + String.join(", ", NAMES) + " to run alone");
    }
}
