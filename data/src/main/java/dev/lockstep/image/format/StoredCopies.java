package dev.lockstep.image.format;

import dev.lockstep.errors.LockstepException;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How much of the shards in stores may be copied to this machine. */
public final class StoredCopies {
    /** Bytes of all copies together, such as 200G; 0 for none. */
    static final String VARIABLE = "LOCKSTEP_DATA_CACHE";

    private static final long DEFAULT_BYTES = 20L << 30;
    private static final long UNSET = -1;
    private static final Pattern SIZE = Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,3})?)(?:([KMGT])(i?B)?)?");

    /** Of this process; {@link #UNSET} when nothing was set. */
    private static volatile long limit = UNSET;

    private StoredCopies() {}

    /**
     * Limits the copies for the datasets that this process opens from now on, whatever the environment says.
     *
     * @param setting the name of the user's setting, for the message
     * @param size such as 200G, 200GiB (the same) or 200GB (a little less); 0 for none
     * @throws LockstepException of kind RECIPE when it is not a size
     */
    public static void limit(String setting, String size) {
        limit = parse(setting, size);
    }

    /** For tests. */
    static void reset() {
        limit = UNSET;
    }

    /** The bytes that this process may use. */
    static long bytes(Map<String, String> environment) {
        long set = limit;
        String text = environment.getOrDefault(VARIABLE, "");
        return set != UNSET ? set : text.isEmpty() ? DEFAULT_BYTES : parse(VARIABLE, text);
    }

    private static long parse(String setting, String text) {
        Matcher size = SIZE.matcher(text);
        if (!size.matches()) {
            throw LockstepException.recipe(
                    "not a size", setting + " = " + text, "write, for example, 200GiB, or 0 for no copies");
        }
        int power = size.group(2) == null ? 0 : 1 + "KMGT".indexOf(size.group(2));
        double unit = Math.pow("B".equals(size.group(3)) ? 1000 : 1024, power);
        return (long) (Double.parseDouble(size.group(1)) * unit);
    }
}
